"""The risk models, limits and priorities; their calibration, evaluation and registry."""

"""What the late-payment model has to beat: rules and simpler models, on the same rows."""

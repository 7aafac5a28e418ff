"""Reports as one HTML page each, readable without a network."""

"""The cash forecast: what the open book pays per week, with intervals."""

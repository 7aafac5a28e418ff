"""What is lost when a customer defaults, and what to expect of it in a year."""

"""Will this customer default within a year, in points that can be read, argued with and edited."""

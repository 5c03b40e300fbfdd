"""What experiments run against: the embedded collector."""

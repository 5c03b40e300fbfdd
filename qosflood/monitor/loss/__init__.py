"""Whether the target kept what it accepted: its counter, and sessions read back."""

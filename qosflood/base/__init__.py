"""What every room stands on: errors, units, text, addresses, secrets, TLS, a child's two ends."""

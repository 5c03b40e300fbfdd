"""One client: it sends what is due, and every report ends in one outcome."""

"""A metrics page read as Prometheus reads it, byte by byte. Pure."""

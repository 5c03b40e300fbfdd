"""What Prometheus and OpenTelemetry saw, and whether they agree with us."""

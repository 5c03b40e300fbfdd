"""What Prometheus and OpenTelemetry measured, and whether Prometheus agrees with qosflood."""

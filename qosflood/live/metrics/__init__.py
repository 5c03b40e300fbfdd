"""The run's own figures, exported to Prometheus and by OTLP."""

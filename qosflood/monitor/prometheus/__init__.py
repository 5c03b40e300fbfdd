"""The Prometheus and the OpenTelemetry Collector that watch the target too."""

"""Scrapes of the target's page, made as Prometheus makes them."""

"""When each report of each client is due, and how long sessions last. Pure."""

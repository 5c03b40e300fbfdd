"""Connections: how many are made at once, and the sockets beneath a client."""

"""Connections: who may connect when, and the sockets beneath a client."""

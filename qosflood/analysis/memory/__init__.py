"""How the target's memory went: steady, growing with sessions, or leaking."""

"""Which report of which client is due when, and how long sessions live. Pure."""

"""How many clients a target carries, what gives first, and whether that is enough."""

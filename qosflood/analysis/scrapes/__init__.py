"""How the scrapes went, by phase and by load."""

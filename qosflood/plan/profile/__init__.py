"""Profiles: what 1x is, what a report looks like, what to watch, which limits hold."""

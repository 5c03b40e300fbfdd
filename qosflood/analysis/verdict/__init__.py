"""The one place where a limit is judged: after the run, and while it goes on."""

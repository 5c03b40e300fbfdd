"""A run carried out: preflight, children, journal, verdict, report."""

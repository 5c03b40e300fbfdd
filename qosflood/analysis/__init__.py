"""Records to findings: pure, from the journal alone."""

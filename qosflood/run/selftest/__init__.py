"""What load this machine can carry: measures its clock, its timer and a few seconds of load."""

"""What this machine can carry, measured: its clock, its timer, and the load itself for seconds."""

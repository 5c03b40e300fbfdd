"""What carries out many runs to answer one question."""

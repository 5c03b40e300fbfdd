"""Where the parts of a run are started and supervised."""

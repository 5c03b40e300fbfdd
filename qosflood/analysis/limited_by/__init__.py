"""Who limited the run, and by which evidence."""

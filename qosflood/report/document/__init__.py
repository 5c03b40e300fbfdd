"""What report.json holds, and the sentences made from it."""

"""What is known about reports that were accepted and then lost."""

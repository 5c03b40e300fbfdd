"""Before the load: this machine, the target, one report, one scrape, and consent."""

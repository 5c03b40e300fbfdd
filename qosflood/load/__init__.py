"""One shard of the load: schedule, pacer, connections, recording."""

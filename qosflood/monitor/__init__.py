"""The side monitor: scrapes and memory, in a process of its own."""

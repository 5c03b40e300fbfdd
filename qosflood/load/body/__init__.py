"""What a report contains: identities, networks, counters, and the bytes made from them."""

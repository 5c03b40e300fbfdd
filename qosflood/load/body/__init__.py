"""What a report says: identities, networks, counters, and the bytes made of them."""

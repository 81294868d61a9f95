"""The JSON contracts: each is described once, and writer, reader and published schema follow from that."""

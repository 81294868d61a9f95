"""The graph of an overlay's objects."""

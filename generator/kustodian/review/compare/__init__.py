"""`check --base`: what a change makes better or worse."""

"""`diff`: which rendered objects a change alters, and what that means for a cluster."""

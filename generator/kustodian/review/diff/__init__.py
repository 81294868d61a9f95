"""`diff`: the rendered objects that a change alters, and the effects on a cluster."""

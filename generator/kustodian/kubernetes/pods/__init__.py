"""Pod templates: which kinds own them and where, and the containers in them."""

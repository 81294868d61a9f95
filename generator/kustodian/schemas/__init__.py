"""What the API server accepts: schemas of built-in and custom kinds, and its own validation."""

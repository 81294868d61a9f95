"""What serves a model and where the model comes from."""

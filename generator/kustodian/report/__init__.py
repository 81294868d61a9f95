"""Reports in each format: pure functions of model values."""

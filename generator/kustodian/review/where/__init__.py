"""Where the values of rendered objects are written."""

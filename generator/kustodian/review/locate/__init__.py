"""From a field of a rendered object to the source line that set it."""

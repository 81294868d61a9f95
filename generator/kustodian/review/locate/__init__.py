"""Finds the source line that set a field of a rendered object."""

"""Strings with a syntax of their own: names, quantities, image references."""

"""Promotion of versions between environments."""

"""Validation the API server applies beyond the schema."""

"""Validation as the API server does it: schemas of built-in and custom kinds, and checks beyond them."""

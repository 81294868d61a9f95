"""Answers to repository: the generator."""

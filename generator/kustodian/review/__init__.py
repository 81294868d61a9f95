"""Checks a repository: finds what is wrong and the source lines to edit."""

"""Kustodian: scaffold and check GitOps repositories that serve machine-learning models."""

__version__ = "0.1.0"

"""Kubernetes knowledge: one function answers one question about an object; no rule is known here."""

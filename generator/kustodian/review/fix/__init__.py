"""Fixes of findings: proposed in reports, and applied by `check --fix`."""

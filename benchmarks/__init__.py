"""Benchmarks of Kustodian against the programs that it replaces."""

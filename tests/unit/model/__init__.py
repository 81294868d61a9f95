"""Tests of kustodian.model."""

"""Tests of the client of the engine."""

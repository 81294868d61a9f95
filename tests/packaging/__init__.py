"""Tests of the build, the wheel and the README's first command."""

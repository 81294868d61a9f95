"""The engine as Python talks to it."""

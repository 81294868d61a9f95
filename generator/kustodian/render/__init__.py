"""Rendering: the engine process, or the user's own binaries."""

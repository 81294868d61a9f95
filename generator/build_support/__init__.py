"""The build: compile the engine and extract the schemas of custom resources.

It runs before the package exists, so it uses only the standard library.
"""

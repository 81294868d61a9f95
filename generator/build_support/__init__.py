"""What the build hook does: compile the engine and extract the schemas of custom resources.

Runs before the package exists, with nothing but the standard library, on whatever Python builds the wheel.
"""

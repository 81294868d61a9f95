"""What a change does to the rules that judge it."""

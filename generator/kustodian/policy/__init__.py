"""The rules, their configuration and waivers."""

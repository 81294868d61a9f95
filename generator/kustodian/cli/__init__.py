"""The commands; the only room that prints, prompts or exits."""

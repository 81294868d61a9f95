"""Repository to report: what is wrong and where a person edits it."""

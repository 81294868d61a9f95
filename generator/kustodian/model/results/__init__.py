"""The results of commands, which the reports print."""

"""Values that every package shares; nothing here reads a file or starts a process."""

"""Values that every floor shares; nothing here reads a file or starts a process."""

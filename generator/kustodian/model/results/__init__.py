"""What a command found, as plain values that the reports read."""

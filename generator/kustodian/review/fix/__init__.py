"""Text edits for findings: as proposals in reports, and applied by `check --fix`."""

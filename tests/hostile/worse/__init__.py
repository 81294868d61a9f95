"""Changes inside an old finding: some are worse, some are not."""

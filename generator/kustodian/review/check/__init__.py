"""Check a repository: from targets to a report."""

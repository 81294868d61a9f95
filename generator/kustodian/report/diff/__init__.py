"""`kustodian diff` as text and markdown."""

"""`--format html`: a self-contained page."""

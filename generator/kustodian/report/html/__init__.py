"""`--format html`: one self-contained page."""

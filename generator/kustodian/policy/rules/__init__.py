"""One rule one file, by topic; the list of all of them is policy/catalogue.py."""

"""The constructions that `test_locate.py` locates, one module for each subject."""

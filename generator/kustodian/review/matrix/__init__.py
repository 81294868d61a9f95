"""`matrix`: compares the environments of an application."""

"""`matrix`: the environments of an application side by side."""

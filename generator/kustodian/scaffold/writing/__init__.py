"""From answers to files: the template rendered, put in place as a whole, committed."""

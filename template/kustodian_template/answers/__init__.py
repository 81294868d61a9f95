"""What may be answered: the questions as data, and the formats of their answers."""

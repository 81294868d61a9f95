"""Pod templates: where they are, which pods a selector means, what a pod refers to and requests."""

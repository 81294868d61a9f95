"""References of kustomizations, and relations between overlays; knows no rule."""

"""What kustomizations name, and how overlays of one application relate; no rule is known here."""

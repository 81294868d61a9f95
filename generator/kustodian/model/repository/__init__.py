"""A repository as rules see it: kustomizations, files, manifests on disk, rendered overlays."""

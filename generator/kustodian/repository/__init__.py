"""The files of the repository: overlays on disk, history, YAML positions, edits."""

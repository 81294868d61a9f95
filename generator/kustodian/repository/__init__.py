"""The files of a repository: layout, git history, YAML positions and edits."""

"""The answers that describe a repository: asked, read from files, completed, refused."""

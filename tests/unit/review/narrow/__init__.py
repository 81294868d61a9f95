"""Random repositories with random changes, for the tests of `check --base`."""

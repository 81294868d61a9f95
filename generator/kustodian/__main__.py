"""`python -m kustodian` is the `kustodian` command."""

from kustodian.cli.main import run

if __name__ == "__main__":
    run()

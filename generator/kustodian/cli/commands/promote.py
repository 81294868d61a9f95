"""`kustodian promote`: copy the version of one environment to another."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def promote(
    source: Annotated[str, typer.Argument(help="The environment that runs the version, such as staging.")],
    target: Annotated[str, typer.Argument(help="The environment to change, such as prod.")],
    repository: Annotated[
        Path, typer.Option("--repository", help="The repository; default: the working directory's.")
    ] = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the change without writing it.")] = False,
) -> int:
    """Copy overlays/SOURCE/version.yaml to overlays/TARGET/version.yaml and show the change.

    Nothing is committed: review the change, run `kustodian check`, open a pull request.

    Example: kustodian promote staging prod
    """
    from kustodian.cli.text_diff import text_diff
    from kustodian.delivery.promote import plan_promotion
    from kustodian.report.escape import plain
    from kustodian.repository.layout import find_root

    root = find_root(repository.resolve())
    promotion = plan_promotion(root, source, target)
    name = os.path.relpath(promotion.target, root)
    sys.stdout.write(text_diff(name, promotion.before, promotion.after))
    if not promotion.changes_something:
        print(f"{plain(target)} already runs the version of {plain(source)}")
    elif not dry_run:
        promotion.write()
        print(plain(f"{name} written; next: kustodian check overlays/{target}, then a pull request"))
    return 0

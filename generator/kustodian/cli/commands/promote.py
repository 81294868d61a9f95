"""`kustodian promote`: the version of one environment becomes that of another."""

from __future__ import annotations

import difflib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def promote(
    source: Annotated[str, typer.Argument(help="The environment that runs the version, such as staging.")],
    target: Annotated[str, typer.Argument(help="The environment that is to run it, such as prod.")],
    repository: Annotated[
        Path, typer.Option("--repository", help="The repository; default: the working directory's.")
    ] = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the change, write nothing.")] = False,
) -> int:
    """Copy overlays/SOURCE/version.yaml to overlays/TARGET/version.yaml and show what changes.

    Nothing is committed: look at it, run `kustodian check`, open a pull request.

    Example: kustodian promote staging prod
    """
    from kustodian.delivery.promote import plan_promotion
    from kustodian.repository.layout import find_root

    root = find_root(repository.resolve())
    promotion = plan_promotion(root, source, target)
    name = os.path.relpath(promotion.target, root)
    lines = difflib.unified_diff(
        promotion.before.splitlines(keepends=True),
        promotion.after.splitlines(keepends=True),
        f"a/{name}",
        f"b/{name}",
    )
    sys.stdout.writelines(lines)
    if not promotion.changes_something:
        print(f"{target} runs the version of {source} already")
    elif not dry_run:
        promotion.write()
        print(f"{name} written; next: kustodian check overlays/{target}, then a pull request")
    return 0

"""Configuration below that of the repository is ignored.

Why: A repository has one configuration; a second one would let a folder choose the rules that it is judged
    by.

Fix: Move the settings to the repository's own `kustodian.yaml` and remove the file, or name it with
    `--config`.

Wrong:
    overlays/prod/kustodian.yaml

Right:
    kustodian.yaml

Notes:
    The configuration is the one nearest to the top of the git repository. Folders in `exclude` are not
    looked at.

Source: Kustodian, docs/configuration.md
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse

_NAME = "kustodian.yaml"


def check(view: RepositoryView, context: Context) -> Iterator[SourceViolation]:
    """One violation for each file named kustodian.yaml below the root of the repository."""
    del context
    for file in view.yaml_files:
        if file.endswith(f"/{_NAME}"):
            yield SourceViolation(
                file, (), "this configuration is ignored: a repository has one, at its root"
            )


RULE = RepositoryRule(
    id="ignored-configuration",
    topic="gate",
    severity="I/I/I",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    reach=Reach.NOTHING,
)

"""Splits a check into parts whose reports can be merged.

Every overlay is evaluated in exactly one part. Repository rules compare rendered overlays with each other, so
the first part renders all of them, but evaluates only its own.
"""

from __future__ import annotations

import hashlib

from kustodian import __version__
from kustodian.model.finding import Location
from kustodian.model.results.shard import Shard, ShardReport
from kustodian.policy.rule import RepositoryRule
from kustodian.repository.git import repository_around
from kustodian.review.check.plan import Plan


def own_overlays(plan: Plan, shard: Shard | None) -> frozenset[str]:
    """The paths of the overlays that this run evaluates."""
    paths = sorted(overlay.path for overlay in plan.overlays)
    return frozenset(shard.of(paths) if shard else paths)


def rendered_overlays(plan: Plan, shard: Shard | None) -> frozenset[str]:
    """The paths of the overlays that this run renders."""
    sees_all = shard is not None and shard.is_first and _has_repository_rules(plan)
    return own_overlays(plan, None if sees_all else shard)


def shard_report(plan: Plan, shard: Shard, used_waivers: list[Location]) -> ShardReport:
    """The data in the report of a part that merging needs."""
    places = {(place.file, place.line, place.column) for place in used_waivers}
    return ShardReport(shard, _run_id(plan), plan.config.fail_on, tuple(sorted(places)))


def _has_repository_rules(plan: Plan) -> bool:
    return any(isinstance(rule, RepositoryRule) for rule in plan.rules)


def _run_id(plan: Plan) -> str:
    """An id that all parts of a run share; it depends on the commit, the targets and the version."""
    lines = [__version__, _commit(plan), plan.config.fail_on]
    lines += sorted(rule.id for rule in plan.rules)
    lines += sorted(overlay.path for overlay in plan.overlays)
    lines += sorted(overlay.path for overlay, _ in plan.not_checkable)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _commit(plan: Plan) -> str:
    """The commit that is checked out; "" without one. Raises UserError if git fails."""
    repository = repository_around(plan.root)
    head = repository.text_or_none("rev-parse", "--verify", "--quiet", "HEAD") if repository else None
    return (head or "").strip()

"""A comparison of two revisions that renders only the overlays that differ.

An overlay that reads no changed file has the same findings in both. Repository rules are evaluated with only
the overlays rendered that their `Reach` requires, or with all if that is not conclusive. A property test
checks that the new and fixed findings are those of two full checks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property

from kustodian.kustomize.environment_pairs import without_each_segment
from kustodian.model.environment import EnvironmentClass
from kustodian.model.finding import Finding
from kustodian.model.overlay import Overlay, RenderedOverlay
from kustodian.model.repository.view import RepositoryView
from kustodian.policy.catalogue import by_id
from kustodian.policy.evaluate import SourceHit
from kustodian.policy.rule import Reach, RepositoryRule, WaiverRule
from kustodian.repository.changes import Changes
from kustodian.review.check.deployed import uncovered
from kustodian.review.compare.revisions import Side


def compare_rules(
    base: Side, head: Side, paths: frozenset[str], folders: frozenset[str], changes: Changes
) -> list[frozenset[str]] | None:
    """Render and evaluate these overlays in both revisions, then the repository rules.

    `folders` are the kustomizations that a change may affect, overlays or not. Returns, for base and head,
    the files whose waiver comments count although no rendered overlay read them; None if that is not enough,
    because Applications deploy what is not among the overlays.
    """
    after = _NarrowSide(head, paths, folders)
    sides = [_NarrowSide(base, paths, folders, same=after), after]
    before, now = (side.uncovered() for side in sides)
    if before != now or any(_may_differ(overlay, changes) for overlay in now):
        return None
    head.run.mention_not_looked_at(after.files_view)
    rules = [side.run.evaluator.repository_rules for side in sides]
    for rule in rules[0]:
        hits = [side.hits(rule) for side in sides]
        if not _settled(rule, sides, hits):
            hits = [side.all_hits(rule) for side in sides]
        for side, side_hits in zip(sides, hits, strict=True):
            side.run.take(side_hits)
    return [side.commented_files(other) for side, other in (sides, sides[::-1])]


def _may_differ(overlay: Overlay, changes: Changes) -> bool:
    """Whether a change may affect an overlay that is not in the plan; a kustomization may read anything."""
    return overlay.is_kustomization or any(map(changes.touch, overlay.files))


def waivers_differ(base: Iterable[Finding], head: Iterable[Finding]) -> bool:
    """Whether the findings about waivers differ, so that unrendered overlays may decide which are used."""
    counts = [Counter(f.fingerprint for f in findings if _is_about_waiver(f)) for findings in (base, head)]
    return counts[0] != counts[1]


def without_unused_waivers(findings: list[Finding]) -> list[Finding]:
    """The findings without `waiver-unused`, which only a full check can decide."""
    return [finding for finding in findings if finding.rule != "waiver-unused"]


def _is_about_waiver(finding: Finding) -> bool:
    return isinstance(by_id().get(finding.rule), WaiverRule)


def _settled(rule: RepositoryRule, sides: list[_NarrowSide], hits: list[list[SourceHit]]) -> bool:
    """Whether these hits give the same difference as a full check would."""
    if rule.shared is None:
        return rule.reach is not Reach.ALL
    try:
        before, after = (rule.shared(side.files_view) for side in sides)
    except Exception:  # a defect of the rule, reported when it is evaluated on everything
        return False
    return before == after and (rule.reach is not Reach.ALL or _same(*hits))


def _same(before: list[SourceHit], after: list[SourceHit]) -> bool:
    def key(hit: SourceHit) -> tuple[object, ...]:
        violation = hit.violation
        subject = str(violation.manifest.ref) if violation.manifest else ""
        return (
            violation.overlay,
            violation.file,
            repr(violation.path),
            subject,
            violation.message,
            violation.measure,
        )

    return Counter(map(key, before)) == Counter(map(key, after))


class _NarrowSide:
    """One revision, in which overlays are rendered only when a rule needs them.

    `same` is the other revision, in which unaffected overlays are rendered for both.
    """

    def __init__(
        self, side: Side, paths: frozenset[str], folders: frozenset[str], same: _NarrowSide | None = None
    ) -> None:
        self.run, self.reads, self.paths, self.folders = side.run, side.reads, paths, folders
        self._files, self._lay_out, self._same = side.view, side.lay_out, same
        self.run.evaluate_only(paths)
        self._by_path = {overlay.path: overlay for overlay in self.run.plan.overlays}
        self._rendered: dict[str, RenderedOverlay] = {}
        self._render(paths | side.always)
        self.run.mention_unrendered()

    def uncovered(self) -> list[Overlay]:
        """What Applications deploy beside the overlays of the plan."""
        return uncovered(self.files_view, self.run.plan, self.run.options)

    def hits(self, rule: RepositoryRule) -> list[SourceHit]:
        """The rule's hits with only the overlays rendered that its reach names."""
        view = self.files_view
        if rule.reach is Reach.OVERLAY:
            view = self._own_view
        elif rule.reach is Reach.PAIR:
            view = self._pair_view
        return self.run.repository_hits(view, [rule])

    def all_hits(self, rule: RepositoryRule) -> list[SourceHit]:
        """The rule's hits with every overlay rendered."""
        self._render(frozenset(self._by_path))
        return self.run.repository_hits(self._view(self._by_path), [rule])

    def commented_files(self, other: _NarrowSide) -> frozenset[str]:
        """Files that only unrendered overlays read, but whose waiver comments may matter.

        A finding of a repository rule may be in one, or the other revision may have used its waivers.
        """
        view = self.files_view
        relevant = {finding.source.file for finding in self.run.findings} | other.files_view.files_used
        return view.files_maybe_used & relevant - view.files_used

    @cached_property
    def files_view(self) -> RepositoryView:
        """Every overlay; those not rendered have no objects."""
        rendered = [self._rendered[path] for path in self._by_path if path in self._rendered]
        overlays = sorted([*rendered, *self._unrendered.values()], key=lambda each: each.overlay.path)
        return replace(self._files, overlays=overlays)

    @cached_property
    def _unrendered(self) -> dict[str, RenderedOverlay]:
        """Overlays known only by the files they may read; shared by both revisions where unaffected."""
        unrendered = {}
        for path, overlay in self._by_path.items():
            if path in self._rendered:
                continue
            shared = self._same._unrendered.get(path) if self._same is not None else None
            if shared is None or path in self.paths:
                shared = RenderedOverlay(overlay, may_read=self._files.file_set & self.reads.of(path))
            unrendered[path] = shared
        return unrendered

    @cached_property
    def _own_view(self) -> RepositoryView:
        return replace(self._view(self.paths), subjects=self.folders)

    @cached_property
    def _pair_view(self) -> RepositoryView:
        pairs = _affected_pairs(self._by_path.values(), self.paths)
        self._render(frozenset(pairs))
        return self._view(pairs)

    def _view(self, paths: Iterable[str]) -> RepositoryView:
        paths = set(paths)
        overlays = [rendered for rendered in self.run.rendered if rendered.overlay.path in paths]
        return replace(self._files, overlays=overlays)

    def _render(self, paths: frozenset[str]) -> None:
        missing = frozenset((paths & self._by_path.keys()) - self._rendered.keys())
        if self._same is not None:
            unchanged = missing - self.paths
            self._same._render(unchanged)
            self.run.adopt(self._same._rendered[path] for path in sorted(unchanged))
            missing -= unchanged
        self._lay_out({name for path in missing for name in self.reads.of(path)})
        self.run.render(missing)
        self._rendered = {rendered.overlay.path: rendered for rendered in self.run.rendered}


def _affected_pairs(overlays: Iterable[Overlay], paths: frozenset[str]) -> set[str]:
    """The prod overlays and their possible staging overlays, of pairs in which the change affects one."""
    classes = (EnvironmentClass.STAGING, EnvironmentClass.PROD)
    earlier, later = (
        [o.path for o in overlays if o.environment.name and o.environment.environment_class is each]
        for each in classes
    )
    by_rest: dict[tuple[int, tuple[str, ...]], set[str]] = {}
    for path in earlier:
        for rest in without_each_segment(path):
            by_rest.setdefault(rest, set()).add(path)
    pairs: set[str] = set()
    for path in later:
        candidates = {other for rest in without_each_segment(path) for other in by_rest.get(rest, ())}
        if path in paths or not candidates.isdisjoint(paths):
            pairs |= {path} | candidates
    return pairs

"""A check, from targets to report: plan, render, evaluate, locate, waive."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.model.environment import Environment
from kustodian.model.errors import ExitCode, UserError
from kustodian.model.finding import Finding, Location, finding_order
from kustodian.model.json_value import mappings
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import NotChecked, Overlay, RenderedOverlay
from kustodian.model.repository.view import RepositoryView
from kustodian.model.results.check_report import CheckReport, Inputs, OverlayOutcome
from kustodian.model.results.object_graph import ObjectGraph
from kustodian.policy.catalogue import all_rules
from kustodian.policy.evaluate import Evaluator, Hit, RuleFailure, SourceHit
from kustodian.policy.rule import RepositoryRule
from kustodian.render.engine import Engine, RenderOptions
from kustodian.repository.layout import marked_root, work_tree_prefix
from kustodian.repository.source_map import SourceMaps
from kustodian.review.check.findings import from_hit, from_policy, from_source_hit
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.plan import Plan
from kustodian.review.check.rendering import render_overlays
from kustodian.review.check.rule_help import rule_help_of
from kustodian.review.check.rulebook import Rulebook, Trust
from kustodian.review.check.shard import own_overlays, rendered_overlays, shard_report
from kustodian.review.check.targets import Targets, load_plan, resolve_targets
from kustodian.review.check.view import view_of
from kustodian.review.locate.locator import Locator


def start(
    targets: Iterable[Path],
    options: CheckOptions,
    engine: Engine,
    *,
    keeps_schemas: bool = False,
    inspect: Callable[[RenderedOverlay], None] | None = None,
    rulebook: Rulebook | None = None,
) -> Run:
    """A run over the targets, nothing rendered yet; `rulebook` judges in place of the configuration there.

    Raises UserError as `check` does.
    """
    resolved = resolve_targets(targets, options.stdin)
    plan = load_plan(resolved, options, engine, rulebook)
    refuse_empty(plan, resolved)
    return Run(plan, options, engine, keeps_schemas=keeps_schemas, inspect=inspect)


def refuse_empty(plan: Plan, targets: Targets) -> None:
    """Raise UserError for a plan with nothing to check."""
    if not plan.overlays and not plan.not_checkable and not plan.through:
        raise UserError(
            f"nothing to check in {targets.shown}: no kustomization and no manifest",
            hint="name a repository, an overlay, a manifest file or folder, or - for stdin",
            exit_code=ExitCode.NOTHING_TO_CHECK,
        )


#: How often an overlay that is deployed may have Applications that deploy more.
_MOST_ROUNDS = 20


class Fixable(NamedTuple):
    """A finding whose rule proposes edits."""

    finding: Finding
    hit: Hit | SourceHit


class Run:
    """One run over one repository.

    `report()` does everything. A comparison of two revisions calls the steps itself: `begin`,
    `evaluate_only`, `render`, `adopt`, `repository_hits`, `take`, `finish`. `findings`, `fixable` and
    `rendered` are complete once there is a report.
    """

    def __init__(
        self,
        plan: Plan,
        options: CheckOptions,
        engine: Engine,
        maps: SourceMaps | None = None,
        *,
        keeps_schemas: bool = False,
        inspect: Callable[[RenderedOverlay], None] | None = None,
    ) -> None:
        """`maps` are files read before; `keeps_schemas` keeps rendered CustomResourceDefinitions complete.

        `inspect` is called with each rendered overlay before anything else, and may raise UserError.
        """
        self.plan = self._first_plan = plan
        self.options = options
        self.engine = engine
        self.maps = maps or SourceMaps(plan.root)
        if options.stdin is not None:
            self.maps.put("-", options.stdin)
        self.locator = Locator(self.maps)
        self.findings: list[Finding] = []
        self.fixable: list[Fixable] = []
        self.outcomes: list[OverlayOutcome] = []
        self.rendered: list[RenderedOverlay] = []
        self.policy_results = 0
        self.cluster_not_checked: list[NotChecked] = []
        self.not_looked_at: list[NotChecked] = []
        self.used_waivers: list[Location] = []
        self.waivers_until: date | None = None
        self.inspect = inspect or _accept
        #: Set if the rules are those of another revision.
        self.trust: Trust | None = None
        self._begun: list[tuple[frozenset[str], Iterator[RenderedOverlay]]] = []
        self._own = own_overlays(plan, options.shard)
        self._keeps_schemas = keeps_schemas or options.against_cluster is not None

    @cached_property
    def evaluator(self) -> Evaluator:
        """The evaluator of the plan's rules, created on first use because importing the rules takes time."""
        return Evaluator(self.plan.rules, self.plan.settings)

    def report(self) -> CheckReport:
        """Render, evaluate, locate, waive."""
        self.render(rendered_overlays(self.plan, self.options.shard))
        shard = self.options.shard
        if shard is None or shard.is_first:
            view = self._with_deployed()
            self.mention_unrendered()
            self.take(self.repository_hits(view))
        return self.finish()

    def _with_deployed(self) -> RepositoryView:
        """The view of the repository, after everything that Applications deploy has been rendered."""
        from kustodian.review.check.deployed import uncovered

        view = view_of(self.plan, self.rendered, self.engine)
        for _ in range(_MOST_ROUNDS):
            more = uncovered(view, self.plan, self.options)
            if not more:
                break
            self._add_overlays(more)
            view = view_of(self.plan, self.rendered, self.engine, view.files)
        self.mention_not_looked_at(view)
        return view

    def _add_overlays(self, overlays: list[Overlay]) -> None:
        paths = frozenset(overlay.path for overlay in overlays)
        self.plan = replace(self.plan, overlays=[*self.plan.overlays, *overlays])
        self._own |= paths
        for path in paths:
            self.plan.through.pop(path, None)
        self.render(paths)

    def mention_not_looked_at(self, view: RepositoryView) -> None:
        """Report what Applications deploy and nothing checks."""
        from kustodian.review.check.deployed import not_looked_at

        self.not_looked_at = list(not_looked_at(view, self.plan, self.locator))

    def begin(self, paths: frozenset[str]) -> None:
        """Start to render overlays in the background, for the next `render`."""
        self._begun.append((paths, self._rendered(paths)))

    def evaluate_only(self, paths: frozenset[str]) -> None:
        """Evaluate these overlays only; others are rendered just for the repository rules."""
        self._own = paths

    def adopt(self, rendered: Iterable[RenderedOverlay]) -> None:
        """Add overlays that were rendered elsewhere, without evaluating them."""
        self.rendered += rendered

    def render(self, paths: frozenset[str]) -> None:
        """Render overlays, and evaluate those that this run evaluates."""
        begun, self._begun = self._begun, []
        for early, _ in begun:
            paths -= early
        renderings = [*(rendering for _, rendering in begun), self._rendered(paths)]
        all_rules()  # imported while the engine renders
        for rendered in chain(*renderings):
            self._add(rendered)
        self.rendered.sort(key=lambda rendered: rendered.overlay.path)  # they arrive in any order

    def mention_unrendered(self) -> None:
        """Report the overlays that cannot be rendered, or are checked as a part of another."""
        for overlay, error in self.plan.not_checkable:
            self.outcomes.append(OverlayOutcome(overlay.path, overlay.environment.name, error=error))
        for folder, user in self.plan.through.items():
            self.outcomes.append(OverlayOutcome(folder, None, through=user))

    def repository_hits(
        self, view: RepositoryView, rules: Iterable[RepositoryRule] | None = None
    ) -> list[SourceHit]:
        """The hits of the repository rules, or of `rules` only, in a view of the repository."""
        environments: list[Environment] = list(
            {overlay.environment.name: overlay.environment for overlay in self.plan.overlays}.values()
        )
        hits = self.evaluator.evaluate_repository(view, environments, rules)
        return [hit for hit in hits if self.plan.covers(hit.violation.file, self.rendered)]

    def take(self, hits: Iterable[SourceHit]) -> None:
        """Add the findings of these hits of repository rules."""
        for hit in hits:
            self._add_finding(from_source_hit(hit, self.locator), hit)

    def finish(self, also_read: Iterable[str] = ()) -> CheckReport:
        """The report, with waivers applied.

        `also_read` are further files with waiver comments, beside those that rendered overlays read.
        """
        if self.options.against_cluster is not None:
            self._ask_cluster(self.options.against_cluster)
        if self.trust is not None and (self.options.shard is None or self.options.shard.is_first):
            self.findings += self.trust.findings
        if self.options.waivers:
            self._waive(also_read)
        self.findings.sort(key=finding_order)
        shard = self.options.shard
        return CheckReport(
            overlays=sorted(self.outcomes, key=lambda outcome: outcome.path),
            findings=self.findings,
            not_checked=[
                *map(_not_checked, sorted(self.evaluator.failures)),
                *_unread(self.plan),
                *self.cluster_not_checked,
                *self.not_looked_at,
            ],
            rules=len(self.plan.rules),
            policy_results=self.policy_results,
            sources=self._sources(),
            prefix=work_tree_prefix(self.plan.root),
            rule_help=rule_help_of(self.findings),
            graphs=self._graphs() if self.options.graphs else {},
            shard=shard_report(self._first_plan, shard, self.used_waivers) if shard else None,
        )

    def inputs(self, started: int) -> Inputs | None:
        """Everything that the report depends on; None if that is more than files, options and git."""
        options, root, config = self.options, self.plan.root, self.plan.config
        binaries = options.kustomize or options.conftest or options.against_cluster is not None
        outside = any(
            not Path(os.path.normpath(root / name)).is_relative_to(root)
            for name in (*config.rego.policy, *config.rego.data, *config.schemas)
        )
        if options.stdin is not None or options.render != RenderOptions() or binaries or outside:
            return None
        if marked_root(root) != root:
            return None  # the root depends on the contents of files
        return Inputs(
            root=root,
            files={name: content for rendered in self.rendered for name, content in rendered.files.items()},
            absent=frozenset(name for rendered in self.rendered for name in rendered.absent),
            named=() if options.config is None else (options.config.resolve(),),
            started=started,
            until=self.waivers_until,
        )

    def _rendered(self, paths: frozenset[str]) -> Iterator[RenderedOverlay]:
        overlays = [overlay for overlay in self.plan.overlays if overlay.path in paths]
        return render_overlays(self.plan, self.options, self.engine, overlays, self.plan.rego)

    def _add(self, rendered: RenderedOverlay) -> None:
        self.inspect(rendered)
        overlay = rendered.overlay
        if not (overlay.is_kustomization or rendered.objects or rendered.error):
            rendered.error = NotChecked("empty", "no Kubernetes object in it", overlay.path)
        self.rendered.append(rendered)
        if overlay.path not in self._own:
            return  # it is rendered for the repository rules only
        self.outcomes.append(
            OverlayOutcome(overlay.path, overlay.environment.name, len(rendered.objects), rendered.error)
        )
        self.policy_results += rendered.policy_successes + len(rendered.policy)
        for hit in self.evaluator.evaluate_overlay(rendered):
            self._add_finding(from_hit(hit, self.locator), hit)
        for result in rendered.policy:
            finding = from_policy(result, rendered, self.locator)
            if finding is not None:
                self.findings.append(finding)
        if not self._keeps_schemas:
            rendered.objects = [without_schemas(manifest) for manifest in rendered.objects]

    def _add_finding(self, finding: Finding, hit: Hit | SourceHit) -> None:
        self.findings.append(finding)
        if hit.violation.edits:
            finding.fixable = True
            self.fixable.append(Fixable(finding, hit))

    def _ask_cluster(self, context: str) -> None:
        from kustodian.review.check.against_cluster import ask_cluster

        own = [rendered for rendered in self.rendered if rendered.overlay.path in self._own]
        verdict = ask_cluster(context, own, self.locator)
        self.findings += verdict.findings
        self.cluster_not_checked = verdict.not_checked

    def _waive(self, also_read: Iterable[str]) -> None:
        from kustodian.review.check.waive import waive

        files = {*also_read, *(file for rendered in self.rendered for file in rendered.files)}
        waived = waive(self.findings, self.plan, files, self.options.today, self.maps, self.trust)
        self.findings += waived.findings
        self.used_waivers = waived.used
        self.waivers_until = waived.until

    def _graphs(self) -> dict[str, ObjectGraph]:
        from kustodian.review.picture.graph import graph_of

        return {
            rendered.overlay.path: graph_of(ObjectSet(rendered.objects))
            for rendered in self.rendered
            if rendered.overlay.path in self._own and rendered.objects
        }

    def _sources(self) -> dict[str, Sequence[str]]:
        files = {finding.source.file for finding in self.findings}
        return {name: source.lines for name in sorted(files) if (source := self.maps.file(name))}


def _accept(rendered: RenderedOverlay) -> None:
    """Every overlay is fine as it is."""
    del rendered


def without_schemas(manifest: Manifest) -> Manifest:
    """A CustomResourceDefinition without its schemas; another object unchanged.

    The schemas take most of the memory, and no repository rule needs them.
    """
    if not manifest.is_a("apiextensions.k8s.io", "CustomResourceDefinition"):
        return manifest
    versions = [
        {key: value for key, value in version.items() if key != "schema"}
        for _, version in mappings(manifest.get("spec", "versions"))
    ]
    spec = {key: value for key, value in manifest.spec.items() if key != "validation"} | {
        "versions": versions
    }
    data = {**manifest.data, "spec": spec}
    return Manifest(data, manifest.provenance, manifest.extra_pod_paths, manifest.inside)


def _unread(plan: Plan) -> Iterator[NotChecked]:
    """The YAML files that no rule could read, although they may be fine."""
    for _, _, error in plan.scan.yaml_files if plan.scan is not None else ():
        if error is not None and error.code in ("lfs-pointer", "not-utf-8"):
            yield error


def _not_checked(failure: RuleFailure) -> NotChecked:
    """What the report says of a rule that raised."""
    if failure.code != "rule-failed":
        return NotChecked(failure.code, f"rule {failure.rule} could not look: {failure.error}")
    return NotChecked("rule-failed", f"rule {failure.rule} failed on {failure.overlay}: {failure.error}")


def shown_root(root: Path) -> str:
    """The repository's path in reports: relative to the working directory, "" for that directory itself."""
    shown = os.path.relpath(root)
    return "" if shown == "." else shown

"""The overlays of an environment may together ask for more GPUs than its budget.

Why: The budget is what the environment may cost. Each overlay alone stays below it, so nobody notices until
    the bill arrives or a pod stays Pending.

Fix: Lower the maxima of the autoscalers, the replicas or the GPUs of a pod in one of the overlays, or raise
    `gpuBudget` in kustodian.yaml.

Wrong:
    # gpuBudget: 4 for apps/*/overlays/prod; two applications, each with
    spec: {maxReplicas: 3}   # each pod has nvidia.com/gpu: 1

Right:
    # two applications, each with
    spec: {maxReplicas: 2}

Notes: GPUs are counted as in `gpu-budget-exceeded`. If one overlay alone exceeds the budget, only that rule
    reports it. Reported once, at the largest share.

Source: Kubernetes documentation v1.34, "Resource Quotas" (extended resources),
    https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-for-extended-resources
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.model.measure import Amount
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, RepositoryRule, Worse
from kustodian.policy.rules.gpu._demand import Demand, demands, number, shared_claims


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each environment whose overlays exceed its budget only together."""
    by_environment: dict[str, list[RenderedOverlay]] = defaultdict(list)
    for rendered in view.overlays:
        environment = rendered.overlay.environment
        if environment.name is not None and environment.gpu_budget is not None:
            by_environment[environment.name].append(rendered)
    for name, overlays in by_environment.items():
        budget = overlays[0].overlay.environment.gpu_budget
        assert budget is not None
        totals = [(rendered, *_total_and_largest(rendered)) for rendered in overlays]
        total = sum((amount for _, amount, _ in totals), Fraction(0))
        if total <= budget or any(amount > budget for _, amount, _ in totals):
            continue
        rendered, _amount, largest = max(totals, key=lambda entry: entry[1])
        assert largest is not None, "a total above zero has a largest demand"
        manifest, path = largest.place()
        parts = "; ".join(f"{r.overlay.path}: {number(amount)}" for r, amount, _ in totals if amount)
        yield SourceViolation(
            rendered.overlay.path,
            path,
            f"the overlays of environment {name} may ask for {number(total)} GPUs ({parts}); "
            f"its budget is {budget}",
            overlay=rendered.overlay.path,
            manifest=manifest,
            measure=Amount(total - budget, f"{number(total)} of {budget} GPUs"),
        )


def _total_and_largest(rendered: RenderedOverlay) -> tuple[Fraction, Demand | None]:
    """The GPUs that an overlay may request in total, and its largest demand."""
    objects = ObjectSet(rendered.objects)
    overlay_demands = demands(objects)
    if not overlay_demands:
        return Fraction(0), None
    total = sum((demand.most for demand in overlay_demands), Fraction(0)) + shared_claims(objects)
    return total, max(overlay_demands, key=lambda demand: demand.most)


def _shares(view: RepositoryView) -> object:
    """The total of each overlay, and the place of its largest demand."""
    shares = []
    for rendered in view.overlays:
        environment = rendered.overlay.environment
        amount, largest = (
            _total_and_largest(rendered) if environment.gpu_budget is not None else (Fraction(0), None)
        )
        if largest is not None:
            manifest, path = largest.place()
            shares.append((rendered.overlay.path, amount, manifest.ref, path))
    return shares


RULE = RepositoryRule(
    id="environment-gpu-budget-exceeded",
    topic="gpu",
    severity="E/E/E",
    check=check,
    shared=_shares,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("ml", "cost"),
)

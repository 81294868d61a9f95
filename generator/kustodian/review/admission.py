"""The admission bundle of a repository: the configured rules, for the namespaces of its overlays."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.environment import Environment
from kustodian.model.errors import ExitCode, UserError
from kustodian.model.json_value import JsonObject
from kustodian.model.manifest import Manifest
from kustodian.policy.admission.bundle import SINCE, Target, bundle, expressions, why_not
from kustodian.policy.catalogue import all_rules
from kustodian.render.engine import Engine
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.rendering import render_overlays
from kustodian.review.check.run import start


def admission_objects(
    root: Path, options: CheckOptions, engine: Engine, *, deny_cluster_wide: bool = False
) -> list[JsonObject]:
    """Policies and bindings, with the labels that all Namespaces have in common (owner, part-of).

    Raises UserError if an overlay does not render, so that its namespaces are unknown, or if there is no
    namespace at all.
    """
    run = start([root], options, engine)
    settings = run.plan.settings
    if settings.version_pair < SINCE:
        raise UserError(
            f"Kubernetes {settings.version} has no ValidatingAdmissionPolicy in version v1",
            file=run.plan.config_file,
            hint="it exists since 1.30: set kubernetesVersion to the version of the cluster",
        )
    namespaces: dict[str | None, set[str]] = {}
    environments: dict[str | None, Environment] = {}
    labels: list[dict[str, str]] = []
    for rendered in render_overlays(run.plan, options, engine, run.plan.overlays):
        if rendered.error is not None:
            raise UserError(
                f"{rendered.overlay.path} does not render: {rendered.error.message}",
                hint="run `kustodian check` for details",
                exit_code=ExitCode.NOT_CHECKED,
            )
        environment = rendered.overlay.environment
        environments[environment.name] = environment
        namespaces.setdefault(environment.name, set()).update(_namespaces(rendered.objects))
        labels += [_own_labels(item) for item in rendered.objects if item.is_a("", "Namespace")]
    targets = [
        Target(environments[name], tuple(sorted(owned)))
        for name, owned in sorted(namespaces.items(), key=lambda entry: str(entry[0]))
        if owned
    ]
    if not targets:
        raise UserError(
            "no overlay has a Namespace, or a workload with a namespace: the policies would apply nowhere",
            hint="add a Namespace object to each overlay",
            exit_code=ExitCode.NOTHING_TO_CHECK,
        )
    shared = set.intersection(*(set(each.items()) for each in labels)) if labels else set()
    return bundle(all_rules(), settings, targets, dict(sorted(shared)), deny_cluster_wide=deny_cluster_wide)


def _namespaces(objects: Iterable[Manifest]) -> set[str]:
    """The Namespaces of an overlay; if it has none, those that its workloads run in."""
    manifests = list(objects)
    owned = {manifest.name for manifest in manifests if manifest.is_a("", "Namespace")}
    if owned:
        return owned
    return {item.namespace for item in manifests if item.namespace and pods_of(item)}


def _own_labels(namespace: Manifest) -> dict[str, str]:
    """Labels that identify the owner, without those of other domains, which controllers interpret."""
    return {
        key: value
        for key, value in namespace.labels.items()
        if "/" not in key or key == "app.kubernetes.io/part-of"
    }


def export_list(root: Path, options: CheckOptions, engine: Engine) -> Iterable[tuple[str, str | None]]:
    """Every rule id with the reason why no policy contains the rule, None if one does."""
    run = start([root], options, engine)
    exported = expressions(all_rules(), run.plan.settings)
    return [(rule.id, why_not(rule, exported)) for rule in all_rules()]

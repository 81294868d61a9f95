"""The admission bundle of a repository: the configured rules, for the namespaces that its overlays own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kustodian.model.environment import Environment
from kustodian.model.errors import ExitCode, UserError
from kustodian.model.json_value import JsonObject
from kustodian.policy.admission.bundle import Target, bundle, expressions, why_not
from kustodian.policy.catalogue import RULES
from kustodian.render.engine import Engine
from kustodian.review.check import CheckOptions, start


def admission_objects(root: Path, options: CheckOptions, engine: Engine) -> list[JsonObject]:
    """Policies and bindings. Raises UserError where an overlay does not render (its namespaces?)."""
    run = start([root], options, engine)
    namespaces: dict[str | None, set[str]] = {}
    environments: dict[str | None, Environment] = {}
    for rendered in engine.render(run.plan.root, run.plan.overlays, options.render):
        if rendered.error is not None:
            raise UserError(
                f"{rendered.overlay.path} does not render: {rendered.error.message}",
                hint="`kustodian check` says more",
                exit_code=ExitCode.NOT_CHECKED,
            )
        environment = rendered.overlay.environment
        environments[environment.name] = environment
        owned = {manifest.name for manifest in rendered.objects if manifest.is_a("", "Namespace")}
        namespaces.setdefault(environment.name, set()).update(owned)
    targets = [
        Target(environments[name], tuple(sorted(owned)))
        for name, owned in sorted(namespaces.items(), key=lambda entry: str(entry[0]))
        if owned
    ]
    if not targets:
        raise UserError(
            "no overlay has a Namespace: there is no place where the policies could hold",
            hint="write a Namespace object into each overlay",
            exit_code=ExitCode.NOTHING_TO_CHECK,
        )
    return bundle(RULES, run.plan.settings, targets)


def export_list(root: Path, options: CheckOptions, engine: Engine) -> Iterable[tuple[str, str | None]]:
    """Every rule with the reason why it is in no policy (None where it is in one)."""
    run = start([root], options, engine)
    exported = expressions(RULES, run.plan.settings)
    return [(rule.id, why_not(rule, exported)) for rule in RULES]

"""Makes the plan of a check from the targets on the command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from kustodian.model.environment import Environment, environment_of, matches_any
from kustodian.model.errors import UserError, nearest
from kustodian.model.json_value import JsonObject, text
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import Overlay
from kustodian.model.repository.kustomization import KUSTOMIZATION_NAMES, Kustomization, KustomizationGraph
from kustodian.policy.catalogue import by_id
from kustodian.policy.config import CONFIG_NAME, Config, class_of
from kustodian.policy.settings import Settings
from kustodian.render.engine import Engine, RegoOptions, Scan
from kustodian.repository import layout
from kustodian.repository.files import OutsideError, files_below, walk
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.plan import Plan
from kustodian.review.check.rulebook import Rulebook, read_rulebook

MANIFEST_SUFFIXES = (".yaml", ".yml", ".json")
STDIN = "-"


@dataclass(slots=True)
class Targets:
    """The targets: folders with kustomizations, relative to `root`, and plain manifests.

    `plain` maps the path of an overlay of plain manifests to its files; "-" is stdin.
    """

    root: Path
    shown: str
    folders: list[str] = field(default_factory=list)
    plain: dict[str, tuple[str, ...]] = field(default_factory=dict)


def resolve_targets(targets: Iterable[Path], stdin: str | None) -> Targets:
    """Find out what each target is. Raises UserError for a missing target, or for two repositories."""
    given = list(targets) or [Path()]
    shown = ", ".join(str(target) for target in given)
    resolved: Targets | None = None
    root = layout.common_root([target.resolve() for target in given if target.exists()] or [Path.cwd()])
    for target in given:
        if str(target) == STDIN:
            if stdin is None:
                raise UserError("nothing on standard input", hint="pipe manifests into `kustodian check -`")
            resolved = resolved or Targets(Path.cwd(), shown)
            resolved.plain[STDIN] = (STDIN,)
            continue
        if not target.exists():
            raise UserError(f"no such file or folder: {target}", hint=_suggestion(target))
        own = root if root is not None else layout.find_root(target.resolve())
        resolved = resolved or Targets(own, shown)
        if resolved.root != own:
            raise UserError(
                f"{target} is not in the repository {resolved.root}", hint="check one repository at a time"
            )
        _add(resolved, target.resolve())
    assert resolved is not None
    return resolved


def load_plan(
    targets: Targets, options: CheckOptions, engine: Engine, rulebook: Rulebook | None = None
) -> Plan:
    """Read the configuration, unless another `rulebook` judges, and scan the repository.

    Raises UserError for an error in the configuration.
    """
    config_path = options.config or targets.root / CONFIG_NAME
    is_own = rulebook is None
    rulebook = rulebook or read_rulebook(targets.root, options.config, engine)
    config = rulebook.config
    settings = _settings(config, options)
    plan = Plan(
        root=targets.root,
        config=config,
        config_file=os.path.relpath(config_path, targets.root),
        settings=settings,
        rego=_rego(rulebook, targets.root),
        whole_repository="." in targets.folders,
    )
    if targets.folders:
        plan.scan = _without(engine.scan(targets.root), config.exclude)
        _plan_folders(plan, targets, options, may_be_empty=not is_own)
    for path, files in targets.plain.items():
        plan.overlays.append(Overlay(path, _environment_of(path, config) or Environment(), files))
    _load_schemas(plan, engine, rulebook.root)
    return plan


def plan_beside(plan: Plan, root: Path, config_file: Path, scan: Scan, options: CheckOptions) -> Plan:
    """The plan for another revision of the whole repository, with the same configuration.

    `scan` is that revision's. Raises UserError for an environment that matches nothing there, and if other
    definitions count there.
    """
    scan = _without(scan, plan.config.exclude)
    other = replace(plan, root=root, scan=scan, config_file=os.path.relpath(config_file, root))
    assert plan.scan is not None
    if _shape(scan, plan.scan) != _shape(plan.scan, scan):
        other.overlays, other.not_checkable, other.through = [], [], {}
        _refuse_other_definitions(other, plan)
        _plan_folders(other, Targets(root, str(root), ["."]), options)
    return other


def _refuse_other_definitions(plan: Plan, other: Plan) -> None:
    """Raise UserError if another plan deploys other definitions: then the schemas are not the same."""
    schemas = plan.settings.schemas
    by_kind = schemas.definitions.by_kind if schemas is not None else {}
    files = {definition.file for definitions in by_kind.values() for definition in definitions}
    if files and _deployed_files(plan) & files != _deployed_files(other) & files:
        raise UserError("a kustomization lists other definitions", hint="check the whole revision")


def _shape(scan: Scan, other: Scan) -> list[tuple[object, ...]]:
    """The fields that decide which overlays exist, of kustomizations that differ from another scan's."""
    unchanged = {id(document) for _, document, _ in other.kustomizations}
    shape: list[tuple[object, ...]] = []
    for path, document, error in scan.kustomizations:
        if error is not None or not isinstance(document, dict):
            shape.append((path, error))
        elif id(document) not in unchanged:
            kustomization = Kustomization(path, document)
            shape.append((path, kustomization.is_component, kustomization.bases))
    return shape


def kustomizations_of(scan: Scan) -> dict[str, Kustomization]:
    """The kustomization files that parse, by path."""
    return {
        path: Kustomization(path, data)
        for path, data, error in scan.kustomizations
        if error is None and isinstance(data, dict)
    }


def _add(targets: Targets, target: Path) -> None:
    relative = os.path.relpath(target, targets.root)
    if target.is_file():
        if target.name in KUSTOMIZATION_NAMES:
            targets.folders.append(os.path.dirname(relative) or ".")
        else:
            targets.plain[relative] = (relative,)
    elif _holds_kustomization(target):
        targets.folders.append(relative)
    else:
        files = sorted(
            os.path.relpath(path, targets.root)
            for folder, names in walk(target)
            for name in names
            if name.endswith(MANIFEST_SUFFIXES)
            and name != CONFIG_NAME
            and (path := Path(folder, name)).is_file()
        )
        if files:
            targets.plain[relative] = tuple(files)
        if files and target == targets.root:
            # A repository of plain manifests: repository rules apply to it as well.
            targets.folders.append(".")


def _holds_kustomization(folder: Path) -> bool:
    names = KUSTOMIZATION_NAMES
    return any(name in files for _, files in walk(folder) for name in names)


def _plan_folders(plan: Plan, targets: Targets, options: CheckOptions, *, may_be_empty: bool = False) -> None:
    """Add the overlays of the targets; an environment of other rules `may_be_empty` here."""
    assert plan.scan is not None
    config = plan.config
    kustomizations = kustomizations_of(plan.scan)
    broken = {path: error for path, _, error in plan.scan.kustomizations if error is not None}
    environments = {
        name: (given.paths, config.environment(name)) for name, given in config.environments.items()
    }
    for name in options.environments:
        if name not in environments:
            close = nearest(name, set(environments))
            raise UserError(
                f"no environment `{name}` in {plan.config_file}",
                hint=f"did you mean `{close}`?"
                if close
                else f"there are: {', '.join(environments) or 'none'}",
            )
    graph = KustomizationGraph(kustomizations)
    seen: set[str] = set()
    for below in targets.folders:
        laid_out = layout.lay_out(graph, broken, environments, config.exclude, below)
        own_path = {overlay.path for overlay in laid_out.overlays}
        if below not in own_path and below in laid_out.through:
            # A base that is a target itself is checked by itself.
            del laid_out.through[below]
            laid_out.overlays.append(Overlay(below))
        for overlay in laid_out.overlays:
            environment = overlay.environment
            if not environments and environment.name is None:
                environment = _guessed(overlay.path)
            if overlay.path in seen or (
                options.environments and environment.name not in options.environments
            ):
                continue
            seen.add(overlay.path)
            plan.overlays.append(Overlay(overlay.path, environment, overlay.files))
        plan.not_checkable += laid_out.not_checkable
        plan.through.update(laid_out.through)
    if not may_be_empty:
        _refuse_empty_environments(plan, environments, kustomizations)


def _refuse_empty_environments(
    plan: Plan,
    environments: dict[str, tuple[list[str], Environment]],
    kustomizations: dict[str, Kustomization],
) -> None:
    """Raise UserError for a path that matches no kustomization: a typo would switch checks off."""
    folders = {k.directory for k in kustomizations.values()}
    folders |= {overlay.path for overlay, _ in plan.not_checkable}
    for name, (paths, _) in environments.items():
        for glob in paths:
            if not any(matches_any(folder, [glob]) for folder in folders):
                close = nearest(glob, folders)
                raise UserError(
                    f"environment `{name}`: the path `{glob}` matches no kustomization",
                    file=plan.config_file,
                    hint=f"did you mean `{close}`?" if close else "name a folder with a kustomization.yaml",
                )


def _guessed(folder: str) -> Environment:
    name = layout.guess_environment(folder)
    return Environment(name, class_of(name)) if name else Environment()


def environment_in(folder: str, config: Config) -> Environment:
    """The environment of a folder: that of the configured paths, or without any that of its name."""
    if not config.environments:
        return _guessed(folder)
    return _environment_of(folder, config) or Environment()


def _environment_of(path: str, config: Config) -> Environment | None:
    paths = {name: given.paths for name, given in config.environments.items()}
    folder = path
    while folder:
        name = environment_of(folder, paths)
        if name is not None:
            return config.environment(name)
        folder = os.path.dirname(folder)
    return None


def _settings(config: Config, options: CheckOptions) -> Settings:
    for rule_id in options.rules:
        if rule_id not in by_id():
            close = nearest(rule_id, set(by_id()))
            raise UserError(
                f"unknown rule `{rule_id}`",
                hint=f"did you mean `{close}`?" if close else "`kustodian rules` lists them",
            )
    return replace(config.settings(), only=frozenset(options.rules))


def _rego(rulebook: Rulebook, root: Path) -> RegoOptions | None:
    rego = rulebook.config.rego
    if not rego.policy:
        return None
    elsewhere = rulebook.root if rulebook.root != root else None
    return RegoOptions(tuple(rego.policy), tuple(rego.namespaces), tuple(rego.data), elsewhere)


def _load_schemas(plan: Plan, engine: Engine, rules_root: Path) -> None:
    """Add the schemas to the plan's settings: those of configured files, then the CRDs of the repository."""
    from kustodian.schemas.definitions import Definition
    from kustodian.schemas.registry import Schemas

    schemas = Schemas(plan.settings.version)
    scanned = {path: documents for path, documents, _ in (plan.scan.yaml_files if plan.scan else ())}
    found = {path for path, documents in scanned.items() if any(map(is_definition, documents))}
    deployed = _deployed_files(plan) if found else frozenset()
    configured = _configured_files(plan, rules_root)

    def definitions(root: Path, file: str, line: int | None = None) -> list[JsonObject]:
        return [
            document.data
            for parsed in engine.parse(root, [file], lines={file: [line]} if line else None)
            for document in parsed.documents
            if isinstance(document.data, dict) and is_definition(document.data)
        ]

    for file in [*sorted(configured), *sorted(found - configured)]:
        if file in configured and (rules_root != plan.root or file not in scanned):
            for data in definitions(rules_root, file):
                schemas.add_crd(Manifest(data))
            continue
        for index, head in enumerate(scanned.get(file, ())):
            if is_definition(head):
                # Definitions are large, and most are for kinds that the repository does not use.
                load = partial(definitions, plan.root, file, head.get("line"))
                group, kind = text(head.get("definesGroup")), text(head.get("definesKind"))
                counts = file in deployed or file in configured
                schemas.definitions.add(Definition(group, kind, load, file, index, counts))
    plan.settings = replace(plan.settings, schemas=schemas)


def _configured_files(plan: Plan, rules_root: Path) -> frozenset[str]:
    """The files that `schemas` names, relative to `rules_root`. Raises UserError for a missing one."""
    files: set[str] = set()
    for entry in plan.config.schemas:
        files |= _schema_files(plan, entry, rules_root)
    return frozenset(files)


def _deployed_files(plan: Plan) -> frozenset[str]:
    """The files that a kustomization lists as resources, and the plain manifests that are checked."""
    kustomizations = kustomizations_of(plan.scan) if plan.scan else {}
    listed = {path for kustomization in kustomizations.values() for path in kustomization.bases}
    return frozenset(listed | {file for overlay in plan.overlays for file in overlay.files})


def _schema_files(plan: Plan, entry: str, root: Path) -> set[str]:
    """The files of an entry of `schemas`, relative to the root. Raises UserError for one outside of it."""
    try:
        inside = files_below(root / entry, root, MANIFEST_SUFFIXES)
    except OutsideError as error:
        raise UserError(
            f"`schemas`: {os.path.relpath(error.filename, root)}: {error.strerror}",
            file=plan.config_file,
            hint="copy the definitions into the repository",
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(f"`schemas`: {entry}: {error}", file=plan.config_file) from error
    if not (root / entry).exists():
        raise UserError(
            f"`schemas`: no such file or folder: {entry}",
            file=plan.config_file,
            hint="paths are relative to the repository root",
        )
    real = os.path.realpath(root)
    return {os.path.relpath(path, real) for path in inside if path.suffix in MANIFEST_SUFFIXES}


def is_definition(data: JsonObject) -> bool:
    """Whether an object, or its head in a scan, is a CustomResourceDefinition."""
    return data.get("kind") == "CustomResourceDefinition"


def _without(scan: Scan, exclude: Sequence[str]) -> Scan:
    """The scan without the files in excluded folders."""
    if not exclude:
        return scan

    def kept(path: str) -> bool:
        return not layout.is_excluded_file(path, exclude)

    return Scan(
        [entry for entry in scan.kustomizations if kept(entry[0])],
        [entry for entry in scan.yaml_files if kept(entry[0])],
    )


def _suggestion(target: Path) -> str:
    parent = target.parent
    names = {path.name for path in parent.iterdir()} if parent.is_dir() else set()
    close = nearest(target.name, names)
    return f"did you mean `{parent / close}`?" if close else "name an existing file or folder, or - for stdin"

"""Makes the plan of a check from the targets on the command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from kustodian.model.environment import Environment, environment_of, matches_any
from kustodian.model.errors import UserError, nearest
from kustodian.model.json_value import FieldPath, JsonObject, text
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import Overlay
from kustodian.model.repository.kustomization import KUSTOMIZATION_NAMES, Kustomization, KustomizationGraph
from kustodian.policy.catalogue import by_id
from kustodian.policy.config import CONFIG_NAME, Config, class_of, load_config
from kustodian.policy.settings import Settings
from kustodian.render.engine import Engine, RegoOptions, Scan
from kustodian.repository import layout
from kustodian.repository.files import OutsideError, files_below, walk
from kustodian.repository.source_map import SourceMaps
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.plan import Plan

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


def load_plan(targets: Targets, options: CheckOptions, engine: Engine) -> Plan:
    """Read the configuration and scan the repository. Raises UserError for an error in the configuration."""
    config_path = options.config or targets.root / CONFIG_NAME
    config = _read_config(config_path, options.config is not None, targets.root, engine)
    settings = _settings(config, options)
    plan = Plan(
        root=targets.root,
        config=config,
        config_file=os.path.relpath(config_path, targets.root),
        settings=settings,
        rego=_rego(config),
        whole_repository="." in targets.folders,
    )
    if targets.folders:
        plan.scan = _without(engine.scan(targets.root), config.exclude)
        _plan_folders(plan, targets, options)
    for path, files in targets.plain.items():
        plan.overlays.append(Overlay(path, _environment_of(path, config) or Environment(), files))
    _load_schemas(plan, engine)
    return plan


def plan_beside(plan: Plan, root: Path, config_file: Path, scan: Scan, options: CheckOptions) -> Plan:
    """The plan for another revision of the whole repository, with the same configuration.

    `scan` is that revision's. Raises UserError for an environment that matches nothing there.
    """
    scan = _without(scan, plan.config.exclude)
    other = replace(plan, root=root, scan=scan, config_file=os.path.relpath(config_file, root))
    assert plan.scan is not None
    if _shape(scan, plan.scan) != _shape(plan.scan, scan):
        other.overlays, other.not_checkable, other.through = [], [], {}
        _plan_folders(other, Targets(root, str(root), ["."]), options)
    return other


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


def _plan_folders(plan: Plan, targets: Targets, options: CheckOptions) -> None:
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


def _environment_of(path: str, config: Config) -> Environment | None:
    paths = {name: given.paths for name, given in config.environments.items()}
    folder = path
    while folder:
        name = environment_of(folder, paths)
        if name is not None:
            return config.environment(name)
        folder = os.path.dirname(folder)
    return None


def _read_config(path: Path, is_given: bool, root: Path, engine: Engine) -> Config:
    shown = os.path.relpath(path)
    if not path.is_file():
        if is_given:
            raise UserError(f"no such configuration file: {shown}", hint="see --config")
        return load_config({}, shown)
    parsed = engine.parse(path.parent, [path.name])[0]
    if parsed.error is not None:
        error = parsed.error
        raise UserError(error.message, shown, error.line, error.column, "correct the YAML")
    documents = [document.data for document in parsed.documents]
    data = documents[0] if documents else {}

    def locate(field_path: FieldPath) -> tuple[int, int] | None:
        document = SourceMaps(path.parent).document(path.name)
        node = document.at(field_path) if document is not None else None
        return (node.place.line, node.place.column) if node else None

    return load_config(data, shown, locate)


def _settings(config: Config, options: CheckOptions) -> Settings:
    for rule_id in options.rules:
        if rule_id not in by_id():
            close = nearest(rule_id, set(by_id()))
            raise UserError(
                f"unknown rule `{rule_id}`",
                hint=f"did you mean `{close}`?" if close else "`kustodian rules` lists them",
            )
    return replace(config.settings(), only=frozenset(options.rules))


def _rego(config: Config) -> RegoOptions | None:
    rego = config.rego
    if not rego.policy:
        return None
    return RegoOptions(tuple(rego.policy), tuple(rego.namespaces), tuple(rego.data))


def _load_schemas(plan: Plan, engine: Engine) -> None:
    """Add the schemas to the plan's settings, with the CRDs of the repository and of configured files."""
    from kustodian.schemas.registry import Schemas

    schemas = Schemas(plan.settings.version)
    scanned = {path: documents for path, documents, _ in (plan.scan.yaml_files if plan.scan else ())}
    files = {path for path, documents in scanned.items() if any(map(is_definition, documents))}
    for entry in plan.config.schemas:
        files |= _schema_files(plan, entry)

    def definitions(file: str, line: int | None = None) -> list[JsonObject]:
        return [
            document.data
            for parsed in engine.parse(plan.root, [file], lines={file: [line]} if line else None)
            for document in parsed.documents
            if isinstance(document.data, dict) and is_definition(document.data)
        ]

    for file in sorted(files):
        if file not in scanned:
            for data in definitions(file):
                schemas.add_crd(Manifest(data))
        for head in filter(is_definition, scanned.get(file, ())):
            # Definitions are large, and most are for kinds that the repository does not use.
            load = partial(definitions, file, head.get("line"))
            schemas.add_crd_of(text(head.get("definesGroup")), text(head.get("definesKind")), load)
    plan.settings = replace(plan.settings, schemas=schemas)


def _schema_files(plan: Plan, entry: str) -> set[str]:
    """The files of an entry of `schemas`, relative to the root. Raises UserError for one outside of it."""
    try:
        inside = files_below(plan.root / entry, plan.root, MANIFEST_SUFFIXES)
    except OutsideError as error:
        raise UserError(
            f"`schemas`: {os.path.relpath(error.filename, plan.root)}: {error.strerror}",
            file=plan.config_file,
            hint="copy the definitions into the repository",
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(f"`schemas`: {entry}: {error}", file=plan.config_file) from error
    if not (plan.root / entry).exists():
        raise UserError(
            f"`schemas`: no such file or folder: {entry}",
            file=plan.config_file,
            hint="paths are relative to the repository root",
        )
    real = os.path.realpath(plan.root)
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

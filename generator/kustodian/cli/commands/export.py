"""`kustodian export admission`: export the rules as admission policies."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kustodian.model.errors import UserError

app = typer.Typer(
    help="Export the rules to other systems.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

_HEADER = "# Written by `kustodian export admission`; do not edit.\n"
_KUSTOMIZATION = (
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    "resources:\n  - policies.yaml\n  - bindings.yaml\n"
)


@app.callback()
def main() -> None:
    """Export the rules to other systems."""


@app.command("admission")
def admission(
    repository: Annotated[
        Path, typer.Argument(help="The repository with the kustodian.yaml to export.")
    ] = Path(),
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="A folder, or - for standard output; default: policies/admission of the repository.",
        ),
    ] = None,
    environment: Annotated[
        list[str] | None, typer.Option(help="Only bindings of this environment; may be repeated.")
    ] = None,
    deny_cluster_wide: Annotated[
        bool,
        typer.Option(
            "--deny-cluster-wide", help="Also deny ClusterRoles and their bindings, of every user; else warn."
        ),
    ] = False,
    only_list: Annotated[
        bool, typer.Option("--list", help="List every rule, and why it is not exported; write nothing.")
    ] = False,
) -> int:
    """Write ValidatingAdmissionPolicies and bindings for every rule that CEL can express.

    Errors become Deny, warnings become Warn and Audit, in the namespaces of each environment's overlays.
    Cluster-wide objects belong to no environment: the API server only warns about them.

    Example: kustodian export admission

    Example: kustodian export admission --output - | kubectl apply --dry-run=server -f -
    """
    from kustodian.cli.engine import the_engine
    from kustodian.review.admission import admission_objects, export_list
    from kustodian.review.check.options import CheckOptions

    options = CheckOptions(environments=tuple(environment or ()))
    with the_engine() as engine:
        if only_list:
            for rule, reason in export_list(repository, options, engine):
                print(f"{rule:42} {reason or 'exported'}")
            return 0
        objects = admission_objects(repository, options, engine, deny_cluster_wide=deny_cluster_wide)
    if output == "-":
        sys.stdout.write(as_yaml(objects))
        return 0
    folder = repository / "policies" / "admission" if output is None else Path(output)
    _write(folder, admission_files(objects), within=repository.resolve() if output is None else None)
    policies = sum(item["kind"] == "ValidatingAdmissionPolicy" for item in objects)
    print(f"{policies} policies and {len(objects) - policies} bindings in {folder}")
    return 0


def admission_files(objects: list[dict[str, object]]) -> dict[str, str]:
    """The texts of the exported files, by name."""
    by_kind: dict[object, list[dict[str, object]]] = {}
    for item in objects:
        by_kind.setdefault(item["kind"], []).append(item)
    return {
        "policies.yaml": as_yaml(by_kind["ValidatingAdmissionPolicy"]),
        "bindings.yaml": as_yaml(by_kind.get("ValidatingAdmissionPolicyBinding", [])),
        "kustomization.yaml": _HEADER + _KUSTOMIZATION,  # last: it names the others
    }


def as_yaml(objects: list[dict[str, object]]) -> str:
    """Objects as a YAML stream."""
    import yaml

    return _HEADER + yaml.safe_dump_all(objects, sort_keys=False, width=110, allow_unicode=True)


def _write(folder: Path, files: dict[str, str], within: Path | None) -> None:
    """Write the files; those of the repository's own folder must lie in it."""
    from kustodian.repository.files import refuse_outside, replace_files

    try:
        if within is None:
            folder.mkdir(parents=True, exist_ok=True)
        else:
            for name in files:
                refuse_outside(folder / name, within)
        replace_files({folder / name: text.encode() for name, text in files.items()}, within or folder)
    except OSError as error:
        raise UserError(f"cannot write the policies: {error.strerror}", file=str(folder)) from error

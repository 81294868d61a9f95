"""CustomResourceDefinitions that a pull request adds: none of them makes an invalid object pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.harness import Outcome, kustodian, write
from tests.cli.test_base import KUSTOMIZATION, commit, git

OVERLAY = "overlays/one/kustomization.yaml"
#: A kind that Kustodian ships, with a field that it does not have.
SHIPPED = (
    "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: keys, namespace: x}\n"
    "spec: {refreshIntervall: 1h, secretStoreRef: {name: a, kind: SecretStore}, target: {name: keys}, data: []}\n"
)
WIDGET = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: x}\nspec: {size: large}\n"
OPEN = "type: object, x-kubernetes-preserve-unknown-fields: true"
STRICT = "type: object, properties: {size: {type: integer}}"


def definition(group: str, kind: str, spec: str) -> str:
    """A definition of version v1 whose `spec` has this schema."""
    return (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        f"metadata: {{name: {kind.lower()}s.{group}}}\n"
        f"spec:\n  group: {group}\n  scope: Namespaced\n"
        f"  names: {{kind: {kind}, plural: {kind.lower()}s}}\n"
        "  versions:\n    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: "
        f"{{type: object, properties: {{spec: {{{spec}}}}}}}}}}}\n"
    )


WEAK = definition("external-secrets.io", "ExternalSecret", OPEN)
LOOSE = definition("example.com", "Widget", OPEN)
TIGHT = definition("example.com", "Widget", STRICT)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = write(tmp_path / "repository", {
        "kustodian.yaml": "environments: {prod: {paths: ['overlays/*']}}\n",
        OVERLAY: f"{KUSTOMIZATION}resources: [a.yaml]\n",
        "overlays/one/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: x}\ndata: {a: b}\n",
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "clean")
    return root


def check(root: Path, *arguments: str) -> Outcome:
    return kustodian("check", "--no-cache", "--format", "json", *arguments, cwd=root)


def change(root: Path, files: dict[str, str]) -> None:
    write(root, files)
    git(root, "switch", "--quiet", "--create", "change")
    commit(root, "change")


@pytest.mark.parametrize("files", [
    {"crds/weak.yaml": WEAK},
    {"a/weak.yaml": WEAK, ".github/weak.yaml": WEAK},
    {"overlays/one/weak.yaml": WEAK},
    {"overlays/one/weak.yaml": WEAK, OVERLAY: f"{KUSTOMIZATION}resources: [a.yaml, weak.yaml]\n"},
    {"overlays/one/weak.yaml": WEAK.replace(f"properties: {{spec: {{{OPEN}}}}}", "nullable: true"),
     OVERLAY: f"{KUSTOMIZATION}resources: [a.yaml, weak.yaml]\n"},
    {"overlays/one/weak.yaml": WEAK.replace("group:", "preserveUnknownFields: true\n  group:"),
     OVERLAY: f"{KUSTOMIZATION}resources: [a.yaml, weak.yaml]\n"},
    {"platform/kustomization.yaml": f"{KUSTOMIZATION}resources: [weak.yaml]\n", "platform/weak.yaml": WEAK},
])  # fmt: skip
def test_open_definition_does_not_take_a_shipped_schema_away(root: Path, files: dict[str, str]) -> None:
    change(root, {"overlays/one/a.yaml": SHIPPED, **files})
    for arguments in (("--base", "main"), ()):
        outcome = check(root, *arguments)
        assert outcome.code == 1, outcome.out
        assert ("overlays/one/a.yaml", 4) in outcome.found("invalid-manifest")


def test_advice_names_the_definition_that_nothing_lists(root: Path) -> None:
    change(root, {"overlays/one/a.yaml": SHIPPED, "crds/weak.yaml": WEAK})
    (finding,) = (f for f in check(root).data["findings"] if f["rule"] == "invalid-manifest")
    assert "if crds/weak.yaml is the definition in use, name it under `schemas:`" in finding["fix"]
    (root / "kustodian.yaml").write_text((root / "kustodian.yaml").read_text() + "schemas: [crds]\n")
    assert check(root).found("shipped-schema-shadowed") == [("crds/weak.yaml", 7)]


@pytest.mark.parametrize("loose", ["aaa.yaml", "zzz.yaml", "overlays/one/aaa.yaml", "crds/aaa.yaml"])
@pytest.mark.parametrize("listed", [True, False])
def test_second_definition_does_not_loosen_the_first(root: Path, loose: str, listed: bool) -> None:
    names = "a.yaml, m.yaml" if listed else "a.yaml"
    write(root, {"overlays/one/m.yaml": TIGHT, OVERLAY: f"{KUSTOMIZATION}resources: [{names}]\n"})
    commit(root, "a definition")
    change(root, {loose: LOOSE, "overlays/one/a.yaml": WIDGET})
    for arguments in (("--base", "main"), ()):
        outcome = check(root, *arguments)
        assert outcome.code == 1, outcome.out
        assert ("overlays/one/a.yaml", 4) in outcome.found("invalid-manifest")
        assert bool(outcome.found("duplicate-definition")) is not listed


def test_definition_that_a_kustomization_begins_to_list_counts_in_a_comparison(root: Path) -> None:
    """The file with the definition does not change, and neither does the object."""
    narrow = definition(
        "external-secrets.io", "ExternalSecret", "type: object, properties: {data: {type: array}}"
    )
    write(root, {"platform/narrow.yaml": narrow, "platform/b.yaml": WIDGET.replace("Widget", "Gadget"),
                 "platform/kustomization.yaml": f"{KUSTOMIZATION}resources: [b.yaml]\n",
                 "overlays/one/a.yaml": SHIPPED.replace("refreshIntervall", "refreshInterval")})  # fmt: skip
    commit(root, "a definition that nothing lists")
    assert check(root).found("invalid-manifest") == []
    change(root, {"platform/kustomization.yaml": f"{KUSTOMIZATION}resources: [b.yaml, narrow.yaml]\n"})
    compared, full = check(root, "--base", "main"), check(root)
    assert set(full.found("invalid-manifest")) == set(compared.found("invalid-manifest")) != set()
    assert len(compared.found("shipped-schema-shadowed")) == 1


def test_operator_that_ships_its_own_definition_is_only_told(root: Path) -> None:
    own = definition("external-secrets.io", "ExternalSecret",
                     "type: object, properties: {refreshIntervall: {type: string}, secretStoreRef: {type: object, "
                     "x-kubernetes-preserve-unknown-fields: true}, target: {type: object, "
                     "x-kubernetes-preserve-unknown-fields: true}, data: {type: array, items: {type: object}}}")  # fmt: skip
    change(root, {"overlays/one/a.yaml": SHIPPED, "overlays/one/own.yaml": own,
                  OVERLAY: f"{KUSTOMIZATION}resources: [a.yaml, own.yaml]\n"})  # fmt: skip
    outcome = check(root)
    assert outcome.found("invalid-manifest") == []
    assert outcome.found("shipped-schema-shadowed") == [("overlays/one/own.yaml", 7)]


def test_definition_in_a_file_that_nothing_lists_still_rejects(root: Path) -> None:
    change(root, {"crds/widget.yaml": TIGHT, "overlays/one/a.yaml": WIDGET})
    outcome = check(root)
    assert outcome.code == 1
    assert outcome.found("unknown-kind") == []
    assert outcome.found("invalid-manifest") == [("overlays/one/a.yaml", 4)]


@pytest.mark.parametrize("schema", [
    'type: object, properties: {size: {type: string, pattern: "(["}}',
    "type: object, properties: {size: {type: thing}}",
    "type: object, properties: {size: {enum: large}}",
])  # fmt: skip
@pytest.mark.parametrize("listed", [True, False])
def test_definition_that_cannot_be_read_is_a_finding(root: Path, schema: str, listed: bool) -> None:
    names = "a.yaml, m.yaml" if listed else "a.yaml"
    change(root, {"overlays/one/m.yaml": definition("example.com", "Widget", schema),
                  "overlays/one/a.yaml": WIDGET, OVERLAY: f"{KUSTOMIZATION}resources: [{names}]\n"})  # fmt: skip
    outcome = check(root)
    assert outcome.code == 1, outcome.out
    found = {file for file, _ in outcome.found("unreadable-definition")}
    assert found == {"overlays/one/a.yaml", *(["overlays/one/m.yaml"] if listed else [])}

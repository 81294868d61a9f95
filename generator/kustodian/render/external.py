"""Render with the user's own kustomize, and evaluate Rego with the user's own conftest.

The engine renders every overlay too, because only it knows the provenance of objects. An overlay for which
the kustomize binary renders other objects is not checked.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from kustodian.model.errors import UserError
from kustodian.model.json_value import JsonObject, mapping
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import Evaluated, NotChecked, Overlay, PolicyResult, RenderedOverlay
from kustodian.render.engine import Engine, RegoOptions, RenderOptions


class ExternalRenderer:
    """The engine with kustomize, conftest or both replaced by a binary."""

    def __init__(self, engine: Engine, kustomize: Path | None, conftest: Path | None) -> None:
        """Raises UserError if a binary does not run or does not print its version."""
        self.engine = engine
        self.kustomize = _binary(kustomize, "--kustomize", ["version"]) if kustomize else None
        self.conftest = _binary(conftest, "--conftest", ["--version"]) if conftest else None

    def render(
        self, root: Path, overlays: Sequence[Overlay], options: RenderOptions, rego: RegoOptions | None = None
    ) -> Iterator[RenderedOverlay]:
        """Render overlays with the engine, and compare the objects with those of the binary."""
        engine_rego = rego if self.conftest is None and self.kustomize is None else None
        # All of them first, so that the engine and the binaries do not compete for the cores.
        for rendered in list(self.engine.render(root, overlays, options, engine_rego)):
            if self.kustomize is not None:
                self._replace_objects(root, rendered, options)
            if rego is not None and rendered.evaluated:
                inputs = [(rendered.overlay.path, [m.data for m in rendered.evaluated])]
                outcome = self.evaluate(root, rego, inputs)[rendered.overlay.path]
                rendered.policy, rendered.policy_successes = outcome.results, outcome.successes
                rendered.error = rendered.error or outcome.error
            yield rendered

    def evaluate(
        self, root: Path, rego: RegoOptions, inputs: Sequence[tuple[str, Sequence[JsonObject]]]
    ) -> dict[str, Evaluated]:
        """Evaluate Rego with the conftest binary, or with the engine if none was given."""
        if self.conftest is None:
            return self.engine.evaluate(root, rego, inputs)
        return {name: self._conftest(root, rego, objects) for name, objects in inputs}

    def _replace_objects(self, root: Path, rendered: RenderedOverlay, options: RenderOptions) -> None:
        command = [str(self.kustomize), "build", rendered.overlay.path]
        if options.enable_helm:
            command += ["--enable-helm", "--helm-command", options.helm_command]
        done = subprocess.run(command, cwd=root, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            if rendered.error is None or rendered.error.code == "build":
                message = done.stderr.decode("utf-8", "replace").strip().splitlines()
                rendered.error = NotChecked("build", message[-1] if message else "kustomize failed")
            rendered.objects, rendered.opened, rendered.lists, rendered.unread = [], [], [], []
            return
        parsed = self.engine.parse(root, [], {"kustomize": done.stdout.decode("utf-8")})[0]
        given = [document.data for document in parsed.documents]
        if parsed.carries:
            given = [m.data for m in self.engine.open([Manifest(data) for data in given]).objects]
        if rendered.error is not None:
            rendered.error = NotChecked(
                "engine-differs", f"only the kustomize binary renders this: {rendered.error.message}"
            )
            return
        ours = [manifest.data for manifest in rendered.objects]
        if ours != given:
            rendered.error = NotChecked(
                "engine-differs",
                "the kustomize binary renders other objects than the built-in engine; lines would be wrong",
                rendered.overlay.path,
            )

    def _conftest(self, root: Path, rego: RegoOptions, objects: Sequence[JsonObject]) -> Evaluated:
        command = [str(self.conftest), "test", "--output", "json", "--no-fail", "--parser", "yaml"]
        for policy in rego.policy:
            command += ["--policy", policy]
        for data in rego.data:
            command += ["--data", data]
        for namespace in rego.namespaces:
            command += ["--namespace", namespace]
        results: list[PolicyResult] = []
        successes = 0
        # One call per object: conftest does not report which document of a stream a result belongs to.
        for index, item in enumerate(objects):
            done = subprocess.run(
                [*command, "-"],
                cwd=rego.root or root,
                input=json.dumps(item).encode(),
                capture_output=True,
                check=False,
            )
            try:
                answers = json.loads(done.stdout) if done.returncode == 0 else None
            except ValueError:
                answers = None
            if answers is None:
                reason = done.stderr.decode("utf-8", "replace").strip()
                reason = reason or f"it ended with code {done.returncode}, without results"
                return Evaluated((), 0, NotChecked("policy-eval", f"conftest: {reason}"))
            for answer in answers:
                successes += answer.get("successes", 0)
                for field, level in (
                    ("failures", "failure"),
                    ("warnings", "warning"),
                    ("exceptions", "exception"),
                ):
                    results += [
                        _result(index, answer.get("namespace", ""), level, found)
                        for found in answer.get(field) or []
                    ]
        return Evaluated(tuple(results), successes)


def _result(index: int, namespace: str, level: str, found: JsonObject) -> PolicyResult:
    metadata = mapping(found.get("metadata"))
    query = str(metadata.get("query", "")).rpartition(".")[2]
    kept = {key: value for key, value in metadata.items() if key != "query"}
    return PolicyResult(index, namespace, query, level, found.get("msg", ""), kept)


def _binary(path: Path, option: str, version: list[str]) -> Path:
    try:
        done = subprocess.run([str(path), *version], capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"{option}: {path} does not run: {error}", hint="name the binary itself") from error
    if done.returncode != 0:
        raise UserError(f"{option}: {path} does not print its version", hint="name the binary itself")
    # Commands run in other folders, so every path but a bare name (looked up on PATH) becomes absolute.
    return path.resolve() if path.parent != Path() or path.exists() else path

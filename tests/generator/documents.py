"""What README and runbooks of a generated repository say, held against what it is: each sentence here is a lie."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import yaml

from tests.generator.repositories import Repository
from tests.support.command_lines import documented, kustodian_problem

#: How kubectl calls the kinds that a repository may deploy.
KINDS = {
    "cronjob": "CronJob", "daemonset": "DaemonSet", "deployment": "Deployment", "externalsecret": "ExternalSecret",
    "hpa": "HorizontalPodAutoscaler", "job": "Job", "persistentvolumeclaim": "PersistentVolumeClaim",
    "pvc": "PersistentVolumeClaim", "resourcequota": "ResourceQuota", "rollout": "Rollout",
    "scaledobject": "ScaledObject", "service": "Service", "workflowtemplate": "WorkflowTemplate",
}  # fmt: skip
#: What an operator makes of what is deployed, by the end of its name.
MADE = {"service": ("-kb-http",), "deployment": ("-predictor",), "secret": ("-elastic-user",)}
#: Made by hand as a runbook says.
BY_HAND = ("secret", "generic")
_VERBS = {
    "annotate",
    "delete",
    "describe",
    "get",
    "logs",
    "port-forward",
    "scale",
    "status",
    "abort",
    "submit",
}
_PATH = re.compile(
    r"`([\w.<>@-]+(?:/[\w.<>@*-]*)+|[\w.-]+\.(?:ya?ml|json|md|sh|py|rego|txt|in)|Jenkinsfile|CODEOWNERS)`"
)
_PLACEHOLDER = re.compile(r"[A-Z]{3,}|\.\.\.|[$*<>]")


class Documents:
    """The Markdown files of a repository and what they name."""

    def __init__(self, repository: Repository) -> None:
        self.repository, self.root = repository, repository.root
        self.files = sorted(path for path in self.root.rglob("*.md"))

    def lies(self) -> list[str]:
        """Every sentence that is not true, with its file."""
        found = []
        for file in self.files:
            text = file.read_text(encoding="utf-8")
            name = file.relative_to(self.root).as_posix()
            for path in _PATH.findall(text):
                if not self._there(file, path):
                    found.append(f"{name}: there is no {path}")
            for words in documented(text):
                found += [f"{name}: {sentence}" for sentence in self._about(words)]
        return found

    # --- paths ---------------------------------------------------------------------------------------

    def _there(self, file: Path, path: str) -> bool:
        if not self._of_a_repository(path):
            return True
        overlays = [self.root / "overlays" / name for name in self.repository.answers.environments]
        for name in self.repository.answers.environments:
            path_here = path.replace("<environment>", name)
            bases = [self.root, file.parent, self.root / "app", *overlays, self.root / "components"]
            if not any((base / path_here).exists() for base in bases):
                return False
        return True

    def _of_a_repository(self, path: str) -> bool:
        """Whether it is meant to lie here: not a file that a person makes, an image, a label or a path of the server."""
        if path.endswith(".enc.yaml") or _PLACEHOLDER.search(path.replace("<environment>", "")):
            return False
        return "/" not in path or path.partition("/")[0] in self._tops

    @cached_property
    def _tops(self) -> set[str]:
        """The folders that some repository has at its top."""
        return {
            ".github", "app", "argocd", "base", "chart", "ci", "components", "docs", "overlays", "patches", "platform",
            "policies", "schemas", "secrets",
        }  # fmt: skip

    # --- commands ------------------------------------------------------------------------------------

    def _about(self, words: list[str]) -> Iterator[str]:
        if not words:
            return
        program, arguments = words[0], words[1:]
        if program == "kustodian" and len(words) > 1:
            problem = kustodian_problem(words)
            if problem:
                yield problem
        if program in {"kustodian", "kustomize", "conftest", "helm", "cp", "git"}:
            for word in arguments:
                top = word.partition("/")[0]
                if top in self._tops and not _PLACEHOLDER.search(word) and not (self.root / word).exists():
                    yield f"{program}: there is no {word}"
        if program == "kustodian" and arguments[:1] == ["promote"]:
            yield from (f"no environment {name}" for name in arguments[1:3] if name not in self._environments)
        if program == "argocd" and arguments[:1] == ["app"] and len(arguments) > 2:
            name = arguments[2]
            if not _PLACEHOLDER.search(name) and name not in self._applications:
                yield f"argocd: no application {name}"
        if program == "velero":
            for schedule in re.findall(r"schedule-name=(\S+)", " ".join(words)):
                if schedule not in self._names("Schedule"):
                    yield f"velero: no schedule {schedule}"
        if program in {"kubectl", "argo", "linkerd"}:
            yield from self._about_kubectl(words)

    def _about_kubectl(self, words: list[str]) -> Iterator[str]:
        for option in ("-n", "--namespace"):
            if option in words:
                namespace = words[words.index(option) + 1]
                if namespace not in self._namespaces:
                    yield f"no namespace {namespace}"
        for namespace in re.findall(r"namespaces/([\w-]+)", " ".join(words)):
            if namespace not in self._namespaces:
                yield f"no namespace {namespace}"
        if "create" in words and "secret" in words:
            return
        options = {"-n", "--namespace", "-o", "-c", "-L", "--sort-by", "--replicas", "--from", "--tail"}
        plain = [
            word for before, word in zip(["", *words], words, strict=False)
            if not word.startswith("-") and before not in options
        ]  # fmt: skip
        pairs = [
            tuple(word.split("/", 1))
            for word in words
            if word.count("/") == 1 and word.split("/")[0] in KINDS
        ]
        verbs = [number for number, word in enumerate(plain) if word in _VERBS]
        if verbs and len(plain) > verbs[0] + 2:
            pairs += [(kind, plain[verbs[0] + 2]) for kind in plain[verbs[0] + 1].split(",")]
        if words[:3] == ["kubectl", "argo", "rollouts"] and verbs and plain[verbs[0]] in {"status", "abort"}:
            pairs += [("rollout", plain[verbs[0] + 1])]
            if "-n" not in words:
                yield "kubectl argo rollouts without a namespace"
        for kind, name in pairs:
            if kind not in KINDS or _PLACEHOLDER.search(name) or "=" in name:
                continue
            known = self._names(KINDS[kind])
            if name not in known and not self._made(kind, name):
                yield f"no {kind} {name} among {sorted(known)}"

    def _made(self, kind: str, name: str) -> bool:
        """Whether an operator makes it of something that is deployed."""
        every = {item["metadata"]["name"] for item in self._objects}
        return any(name.endswith(end) and name.removesuffix(end) in every for end in MADE.get(kind, ()))

    # --- what there is -------------------------------------------------------------------------------

    @cached_property
    def _objects(self) -> list[dict[str, dict[str, str]]]:
        rendered = [item for objects in self.repository.everything.values() for item in objects]
        return [*rendered, *(item for _, item in self.repository.yaml_files() if "metadata" in item)]

    def _names(self, kind: str) -> set[str]:
        return {item["metadata"]["name"] for item in self._objects if str(item["kind"]) == kind}

    @property
    def _environments(self) -> set[str]:
        return set(self.repository.answers.environments)

    @cached_property
    def _namespaces(self) -> set[str]:
        return self._names("Namespace") | {"argocd"}

    @cached_property
    def _applications(self) -> set[str]:
        """The Applications that are made: their own files, and the ApplicationSets for each environment and cluster."""
        found = self._names("Application")
        for text in ((self.root / "argocd" / "applicationset.yaml").read_text(encoding="utf-8"),):
            template = yaml.safe_load(text)["spec"]["template"]["metadata"]["name"]
            for environment in self._environments:
                name = template.replace("{{ .path.basename }}", environment)
                found |= {name.replace("{{ .name }}", cluster) for cluster in ("primary", "secondary")}
        return found

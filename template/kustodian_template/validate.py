"""Refuses answers that no repository can be made from; hooks/pre_gen_project.py calls it.

`kustodian new` has refused them before, at the question (generator/kustodian/scaffold/).
"""

from __future__ import annotations

import re

from kustodian_template.conflicts import conflict
from kustodian_template.environments import DOMAIN, NAME, AnswerError, Answers, environments, scalar

_REGISTRY = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9]+([._-][a-z0-9]+)*)*")
_EMAIL = re.compile(r"[^@\s\"'<>]+@[^@\s\"'<>]+\.[^@\s\"'<>]+")
#: A disruption budget's unhealthyPodEvictionPolicy is stable since 1.31; the schemas that ship end at 1.37.
_VERSIONS = [f"1.{minor}" for minor in range(31, 38)]


def validate(answers: Answers) -> None:
    """Raise AnswerError for the first answer that would make a repository nobody can deploy."""
    # Namespaces are named model-environment, other objects model-something; a name has 63 characters.
    longest = min(40, 62 - max((len(name) for name in answers["environments"]), default=0))
    checks: list[tuple[bool, str]] = [
        (
            bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", answers["repo_name"])),
            f"repo_name is {answers['repo_name']!r}: use letters, digits, dots, dashes and underscores.",
        ),
        (
            bool(NAME.fullmatch(answers["model_name"]))
            and scalar(answers["model_name"]) == answers["model_name"]
            and len(answers["model_name"]) <= longest,
            f"model_name is {answers['model_name']!r}: it names Kubernetes objects, so use at most {longest} "
            "lower case letters, digits and dashes, beginning with a letter (and no YAML word such as null).",
        ),
        (
            bool(re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", answers["team"])),
            f"team is {answers['team']!r}: it names objects, so use at most 40 lower case letters, digits "
            "and dashes.",
        ),
        (bool(_EMAIL.fullmatch(answers["owner"])), f"owner is {answers['owner']!r}: give an e-mail address."),
        (
            bool(answers["description"].strip()) and "\n" not in answers["description"],
            "description has to be one line of text.",
        ),
        (
            bool(_REGISTRY.fullmatch(answers["registry"])) and "." in answers["registry"].split("/")[0],
            f"registry is {answers['registry']!r}: give a host and optionally a path, as in "
            "registry.example.com/ml, without https:// and without a tag.",
        ),
        (
            bool(DOMAIN.fullmatch(answers["domain"])),
            f"domain is {answers['domain']!r}: give a domain such as example.com.",
        ),
        (
            bool(re.fullmatch(r"(https://|ssh://|file:///|git@)[^\s\"'*]+", answers["repo_url"])),
            f"repo_url is {answers['repo_url']!r}: give the address that Argo CD clones, https://, ssh:// or "
            "git@.",
        ),
        (
            bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]*", answers["git_branch"])),
            f"git_branch is {answers['git_branch']!r}: give the name of a branch.",
        ),
        (
            answers["kubernetes_version"] in _VERSIONS,
            f"kubernetes_version is {answers['kubernetes_version']!r}: choose one of {', '.join(_VERSIONS)}.",
        ),
    ]
    for valid, message in checks:
        if not valid:
            raise AnswerError(message)
    found = environments(answers)
    if answers["accelerator"] != "none" and not any(settings["gpu"] for settings in found.values()):
        raise AnswerError(
            f"accelerator is {answers['accelerator']} but no environment has gpu: true; "
            "set it in one of them or choose accelerator none."
        )
    refused = conflict(answers, found)
    if refused is not None:
        raise AnswerError(refused)

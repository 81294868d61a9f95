"""The formats of answers: a function each, which returns the value or raises ValueError.

The error's text continues a sentence that starts with the answer's key: "registry must not have a scheme".
`kustodian new` and the hooks of the template check with the same functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from kustodian_template.answers.quantities import CPU, SIZE, kibibytes, millicores


class SecretInAnswerError(ValueError):
    """Refuses a value that must not be printed."""


#: Minor versions that a repository can be generated for, oldest first. The unhealthyPodEvictionPolicy of a
#: PodDisruptionBudget, which every repository sets, is stable since 1.31
#: (https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy).
KUBERNETES_VERSIONS: Final = tuple(f"1.{minor}" for minor in range(31, 38))
MAX_LABEL: Final = 63
MAX_MODEL_NAME: Final = 40
MAX_ENVIRONMENTS: Final = 20
MAX_REPLICAS: Final = 1000

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names, and a letter
# first, because Services get the same name (DNS-1035).
LABEL: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_PART = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
DOMAIN: Final = re.compile(rf"({_DNS_PART}\.)+[a-z]([-a-z0-9]{{0,61}}[a-z0-9])?")
EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_REGISTRY = re.compile(
    rf"(?P<host>({_DNS_PART}\.)*{_DNS_PART})(?P<port>:[0-9]{{1,5}})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
)
_GIT_URL = re.compile(
    r"(file:///|https://[^\s/@:]+(:[0-9]+)?/|ssh://([A-Za-z0-9._-]+@)?[^\s/@:]+(:[0-9]+)?/|[A-Za-z0-9._-]+@[^\s/@:]+:)"
    r"[A-Za-z0-9._~/-]+"
)
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]*")
# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
#: Words that some YAML readers read as a boolean or null.
YAML_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def dns_label(value: str) -> str:
    """The name of an object: a DNS label that every YAML reader reads as text."""
    if len(value) > MAX_LABEL or not LABEL.fullmatch(value):
        raise ValueError(
            "must be a DNS label: at most 63 lower-case letters, digits and '-', starting with a letter"
        )
    if value in YAML_WORDS:
        raise ValueError("must not be a word that YAML reads as something other than text")
    return value


def model_name(value: str) -> str:
    """A DNS label short enough to be the prefix of other names."""
    if len(dns_label(value)) > MAX_MODEL_NAME:
        raise ValueError(f"must have at most {MAX_MODEL_NAME} characters: the names of objects begin with it")
    return value


def domain_name(value: str) -> str:
    """A domain of two parts or more."""
    if len(value) > 253 or not DOMAIN.fullmatch(value):
        raise ValueError(
            "must be a domain name such as example.com, in lower case and without a scheme or path"
        )
    return value


def registry(value: str) -> str:
    """The host of a container registry, with or without a path."""
    if "://" in value:
        raise ValueError("must not have a scheme; write registry.example.com/team")
    match = _REGISTRY.fullmatch(value)
    if match is None:
        raise ValueError("must be a registry host with an optional path, such as registry.example.com/team")
    # Without a dot, container runtimes read the first part as a Docker Hub user.
    if "." not in match["host"]:
        raise ValueError("must name a host; write docker.io/" + value + " for Docker Hub")
    return value


def email(value: str) -> str:
    """An e-mail address."""
    if not EMAIL.fullmatch(value):
        raise ValueError("must be an e-mail address such as ml-platform@example.com")
    return value


def git_url(value: str) -> str:
    """The URL of a git repository, without credentials."""
    if re.match(r"https?://[^/]*@", value):
        raise SecretInAnswerError(
            "must not hold a user name or a token; git reads credentials from its own store"
        )
    if not _GIT_URL.fullmatch(value):
        raise ValueError("must be the https:// or ssh:// URL, or the git@host:path, of a git repository")
    return value


def git_branch(value: str) -> str:
    """The name of a git branch."""
    # The rules of `git check-ref-format --branch` that the alphabet of _BRANCH leaves open.
    if (
        not _BRANCH.fullmatch(value)
        or ".." in value
        or "//" in value
        or "/." in value
        or value.endswith((".", "/", ".lock"))
        or value == "HEAD"
    ):
        raise ValueError("must be a git branch name such as main")
    return value


def text(value: str) -> str:
    """One line of text."""
    if not value.strip() or not value.isprintable() or len(value) > 200:
        raise ValueError("must be one line of 1 to 200 printable characters")
    # It is written into YAML, Python and Markdown, and cookiecutter renders answers as Jinja templates.
    if any(character in value for character in '"\\{}'):
        raise ValueError("must not hold double quotes, backslashes and braces")
    return value


def kubernetes_version(value: str) -> str:
    """A minor version of Kubernetes that a repository can be generated for."""
    if value not in KUBERNETES_VERSIONS:
        raise ValueError(
            f"must be a minor version between {KUBERNETES_VERSIONS[0]} and {KUBERNETES_VERSIONS[-1]}"
        )
    return value


def label_value(value: str) -> str:
    """The value of a Kubernetes label; may be empty."""
    if not _LABEL_VALUE.fullmatch(value):
        raise ValueError("must be a label value: at most 63 letters, digits, '-', '_' and '.', or empty")
    return value


def cpu(value: str) -> str:
    """A quantity of CPU above zero."""
    if not CPU.fullmatch(value) or not millicores(value):
        raise ValueError("must be cores such as 2, or millicores such as 250m")
    return value


def size(value: str) -> str:
    """A size above zero, with a binary suffix."""
    if not SIZE.fullmatch(value) or not kibibytes(value):
        raise ValueError("must be a size such as 512Mi or 2Gi")
    return value


def memory(value: str) -> str:
    """The memory of a model server."""
    if kibibytes(size(value)) < kibibytes("256Mi"):
        raise ValueError("must be at least 256Mi, which the model server needs")
    return value


#: The format of each answer that is neither a choice nor a number.
ANSWERS: Final[Mapping[str, Callable[[str], str]]] = {
    "repo_name": dns_label,
    "model_name": model_name,
    "team": dns_label,
    "owner": email,
    "description": text,
    "registry": registry,
    "domain": domain_name,
    "repo_url": git_url,
    "git_branch": git_branch,
    "kubernetes_version": kubernetes_version,
}
#: The same for the answers of an environment.
ENVIRONMENT: Final[Mapping[str, Callable[[str], str]]] = {
    "domain": domain_name,
    "cpu": cpu,
    "memory": memory,
    "ephemeral_storage": size,
    "gpu_pool": label_value,
    "model_storage_size": size,
}

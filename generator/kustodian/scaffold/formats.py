"""The formats of answers (DNS labels, registries, sizes), and what is wrong with a value that is none.

A validator's message goes on after the answer's key: "registry must not have a scheme".
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.schemas.registry import supported_versions


class SecretInAnswer(ValueError):
    """Refuses a value that must not be printed back."""


# DNS-1123 label, RFC 1123 section 2.1 as Kubernetes reads it
# (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names); we ask for a
# letter first as well, because the same name is given to Services (DNS-1035).
_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_PART = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"({_DNS_PART}\.)+[a-z]([-a-z0-9]{{0,61}}[a-z0-9])?")
_REGISTRY = re.compile(
    rf"(?P<host>({_DNS_PART}\.)*{_DNS_PART})(?P<port>:[0-9]{{1,5}})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_GIT_URL = re.compile(
    r"(file:///|https://[^\s/@:]+(:[0-9]+)?/|ssh://([A-Za-z0-9._-]+@)?[^\s/@:]+(:[0-9]+)?/|[A-Za-z0-9._-]+@[^\s/@:]+:)"
    r"[A-Za-z0-9._~/-]+"
)
_CPU = re.compile(r"[0-9]+m?")
_SIZE = re.compile(r"[0-9]+(Ki|Mi|Gi|Ti)")
_LEAST_MEMORY = 256 * 1024**2
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]*")
# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
MAX_LABEL = 63
_MAX_MODEL_NAME = 40
# Labels become names in YAML files, where these words would be read as something else than text.
YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def _dns_label(value: str) -> str:
    if len(value) > MAX_LABEL or not _LABEL.fullmatch(value):
        raise ValueError(
            "must be a DNS label: at most 63 lower-case letters, digits and '-', starting with a letter"
        )
    if value in YAML_WORDS:
        raise ValueError("must not be a word that YAML reads as something else than text")
    return value


def _model_name(value: str) -> str:
    if len(value) > _MAX_MODEL_NAME:
        raise ValueError(
            f"must have at most {_MAX_MODEL_NAME} characters: the names of objects begin with it"
        )
    return value


def _domain(value: str) -> str:
    if len(value) > 253 or not _DOMAIN.fullmatch(value):
        raise ValueError(
            "must be a domain name such as example.com, in lower case and without a scheme or path"
        )
    return value


def _registry(value: str) -> str:
    if "://" in value:
        raise ValueError("must not have a scheme; write registry.example.com/team")
    match = _REGISTRY.fullmatch(value)
    if match is None:
        raise ValueError("must be a registry host with an optional path, such as registry.example.com/team")
    # Without a dot, container runtimes read the first part as a Docker Hub user.
    if "." not in match["host"]:
        raise ValueError("must name a host; write docker.io/" + value + " for Docker Hub")
    return value


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError("must be an e-mail address such as ml-platform@example.com")
    return value


def _git_url(value: str) -> str:
    if re.match(r"https?://[^/]*@", value):
        raise SecretInAnswer("must not hold a user name or a token; git reads credentials from its own store")
    if not _GIT_URL.fullmatch(value):
        raise ValueError("must be the https:// or ssh:// URL, or the git@host:path, of a git repository")
    return value


def _git_branch(value: str) -> str:
    # The rules of `git check-ref-format --branch` that this alphabet leaves open.
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


def _text(value: str) -> str:
    if not value.strip() or not value.isprintable() or len(value) > 200:
        raise ValueError("must be one line of 1 to 200 printable characters")
    # It is written into YAML, Python and Markdown; and cookiecutter renders answers as Jinja templates.
    if any(character in value for character in '"\\{}'):
        raise ValueError("must not hold double quotes, backslashes and braces")
    return value


def _label_value(value: str) -> str:
    if not _LABEL_VALUE.fullmatch(value):
        raise ValueError("must be a label value: at most 63 letters, digits, '-', '_' and '.', or empty")
    return value


def _cpu(value: str) -> str:
    if not _CPU.fullmatch(value) or not parse_quantity(value):
        raise ValueError("must be cores such as 2, or millicores such as 250m")
    return value


def _size(value: str) -> str:
    if not _SIZE.fullmatch(value) or not parse_quantity(value):
        raise ValueError("must be a size such as 512Mi or 2Gi")
    return value


def _memory(value: str) -> str:
    if (parse_quantity(_size(value)) or 0) < _LEAST_MEMORY:
        raise ValueError("must be at least 256Mi, which the model server needs")
    return value


def _whole_number_as_text(value: object) -> object:
    # `cpu: 2` is how people write a quantity; a bool is an int to Python but never a quantity.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


# A PodDisruptionBudget's unhealthyPodEvictionPolicy, which every repository sets, is stable since 1.31
# (https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy).
_OLDEST_MINOR = 31


def kubernetes_versions() -> list[str]:
    """The minor versions that a repository can be generated for, oldest first."""
    return [version for version in supported_versions() if int(version.partition(".")[2]) >= _OLDEST_MINOR]


def _kubernetes_version(value: str) -> str:
    known = kubernetes_versions()
    if value not in known:
        raise ValueError(f"must be a minor version between {known[0]} and {known[-1]}")
    return value


def _schema(**keywords: object) -> WithJsonSchema:
    """What an editor can check by itself; the validator beside it has the last word."""
    return WithJsonSchema({"type": "string", **keywords})


DnsLabel = Annotated[
    str, AfterValidator(_dns_label), _schema(pattern=rf"^{_LABEL.pattern}$", maxLength=MAX_LABEL)
]
ModelName = Annotated[
    str,
    AfterValidator(_dns_label),
    AfterValidator(_model_name),
    _schema(pattern=rf"^{_LABEL.pattern}$", maxLength=_MAX_MODEL_NAME),
]
DomainName = Annotated[str, AfterValidator(_domain), _schema(pattern=rf"^{_DOMAIN.pattern}$")]
Registry = Annotated[str, AfterValidator(_registry)]
Email = Annotated[str, AfterValidator(_email), _schema(pattern=rf"^{_EMAIL.pattern}$")]
GitUrl = Annotated[str, AfterValidator(_git_url)]
GitBranch = Annotated[str, AfterValidator(_git_branch)]
Text = Annotated[str, AfterValidator(_text)]
LabelValue = Annotated[str, AfterValidator(_label_value)]
_NumberOrText = WithJsonSchema({"type": ["string", "integer"]})
Cpu = Annotated[str, BeforeValidator(_whole_number_as_text), AfterValidator(_cpu), _NumberOrText]
Size = Annotated[str, AfterValidator(_size), _schema(pattern=rf"^{_SIZE.pattern}$")]
Memory = Annotated[str, AfterValidator(_memory), _schema(pattern=rf"^{_SIZE.pattern}$")]
KubernetesVersion = Annotated[str, AfterValidator(_kubernetes_version), _schema(enum=kubernetes_versions())]

"""The environments of the answers, checked and typed, and the sums of their sizes.

Needs only what cookiecutter brings (PyYAML), so that plain `cookiecutter template/` works without
Kustodian. The answers arrive from cookiecutter as a dict; see cookiecutter.json for the keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypedDict

import yaml

#: In promotion order.
CLASSES = ("dev", "staging", "prod")

Answers = Mapping[str, Any]
Settings = TypedDict(
    "Settings",
    {
        "class": str,
        "domain": str,
        "replicas_min": int,
        "replicas_max": int,
        "cpu": str,
        "memory": str,
        "ephemeral_storage": str,
        "gpu": bool,
        "gpu_pool": str,
        "model_storage_size": str,
    },
)


class AnswerError(ValueError):
    """An answer that no repository can be made from; the text is one sentence that says what to change."""


#: The folders of platform/; each has a namespace of its own, so no environment may have the name.
ADDON_NAMES = frozenset({"cache", "logging", "registry", "tracing", "velero"})
NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
DOMAIN = re.compile(r"([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_CPU = re.compile(r"([0-9]+)m|([0-9]+)")
_BYTES = re.compile(r"([0-9]+)(Ki|Mi|Gi|Ti)")
_KIBIBYTES = {"Ki": 1, "Mi": 1024, "Gi": 1024**2, "Ti": 1024**3}
_KEYS = tuple(Settings.__annotations__)


def environments(answers: Answers) -> dict[str, Settings]:
    """The environments in promotion order (dev, staging, prod; as written within a class), values typed.

    An environment that is null or empty does not exist: it is how one of the defaults is left out, because
    cookiecutter merges dictionaries. Raises AnswerError.
    """
    found: dict[str, Settings] = {}
    for name, raw in answers["environments"].items():
        if raw:
            found[name] = _settings(name, raw)
    if not found:
        raise AnswerError("environments is empty: name at least one environment.")
    return dict(sorted(found.items(), key=lambda item: CLASSES.index(item[1]["class"])))


def _settings(name: str, raw: Any) -> Settings:
    where = f"environments.{name}"
    if not NAME.fullmatch(name) or scalar(name) != name:
        raise AnswerError(f"{where}: an environment's name is lower case letters, digits and dashes.")
    if name in ADDON_NAMES or name.startswith("platform-"):
        raise AnswerError(f"{where}: an add-on has a namespace of this name; choose another.")
    if name == "cluster":
        raise AnswerError(
            f"{where}: kustodian.yaml uses this name for the Argo CD manifests; choose another."
        )
    if not isinstance(raw, Mapping):
        raise AnswerError(f"{where} has to be a mapping with the keys {', '.join(_KEYS)}.")
    for key in _KEYS:
        if key not in raw:
            raise AnswerError(f"{where} lacks {key}.")
    for key in raw:
        if key not in _KEYS:
            raise AnswerError(f"{where} has an unknown key {key}; known are {', '.join(_KEYS)}.")
    text = {key: str(raw[key]) for key in _KEYS}
    if text["class"] not in CLASSES:
        raise AnswerError(f"{where}.class is {text['class']!r}: choose dev, staging or prod.")
    if not DOMAIN.fullmatch(text["domain"]):
        raise AnswerError(f"{where}.domain is {text['domain']!r}: give a domain such as dev.example.com.")
    for key in ("replicas_min", "replicas_max"):
        if not text[key].isdecimal() or int(text[key]) < 1:
            raise AnswerError(f"{where}.{key} is {text[key]!r}: give a number of at least 1.")
    if int(text["replicas_max"]) < int(text["replicas_min"]):
        raise AnswerError(f"{where}: replicas_max is below replicas_min.")
    if text["gpu"].lower() not in {"true", "false"}:
        raise AnswerError(f"{where}.gpu is {text['gpu']!r}: say true or false.")
    if not _CPU.fullmatch(text["cpu"]):
        raise AnswerError(f"{where}.cpu is {text['cpu']!r}: give cores (2) or millicores (250m).")
    if text["gpu_pool"] and not _LABEL_VALUE.fullmatch(text["gpu_pool"]):
        raise AnswerError(f"{where}.gpu_pool is {text['gpu_pool']!r}: give the value of a node label.")
    for key in ("memory", "ephemeral_storage", "model_storage_size"):
        if not _BYTES.fullmatch(text[key]):
            raise AnswerError(f"{where}.{key} is {text[key]!r}: give a size such as 512Mi or 2Gi.")
    if kibibytes(text["memory"]) < kibibytes("256Mi"):
        raise AnswerError(f"{where}.memory is {text['memory']}: the server needs 256Mi at least.")
    return {
        "class": text["class"],
        "domain": text["domain"],
        "replicas_min": int(text["replicas_min"]),
        "replicas_max": int(text["replicas_max"]),
        "cpu": text["cpu"],
        "memory": text["memory"],
        "ephemeral_storage": text["ephemeral_storage"],
        "gpu": text["gpu"].lower() == "true",
        "gpu_pool": text["gpu_pool"],
        "model_storage_size": text["model_storage_size"],
    }


def kibibytes(quantity: str) -> int:
    """A size with a binary suffix in KiB."""
    number, suffix = _BYTES.fullmatch(quantity).groups()  # type: ignore[union-attr]
    return int(number) * _KIBIBYTES[suffix]


def millicores(quantity: str) -> int:
    """Cores or millicores in millicores."""
    milli, cores = _CPU.fullmatch(quantity).groups()  # type: ignore[union-attr]
    return int(milli) if milli else int(cores) * 1000


def total_cpu(each: str, count: int, extra: str) -> str:
    """`count` times `each` plus `extra`, as the API server writes it (whole cores without a suffix)."""
    milli = millicores(each) * count + millicores(extra)
    return f"{milli}m" if milli % 1000 else str(milli // 1000)


def total_size(each: str, count: int, extra: str) -> str:
    """`count` times `each` plus `extra`, with the largest suffix that is exact."""
    size = kibibytes(each) * count + kibibytes(extra)
    for suffix in ("Ti", "Gi", "Mi"):
        if size % _KIBIBYTES[suffix] == 0:
            return f"{size // _KIBIBYTES[suffix]}{suffix}"
    return f"{size}Ki"


@cache
def scalar(value: str) -> str:
    """A string as YAML: plain where YAML reads it as that string, else in quotes ("1", "on", "a: b")."""
    try:
        plain = yaml.safe_load(value) == value
    except yaml.YAMLError:
        plain = False
    return value if plain else json.dumps(value)

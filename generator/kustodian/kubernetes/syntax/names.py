"""The syntax of names, labels and keys, as the API server checks it.

Each function returns whether the text is valid. Source: k8s.io/apimachinery v0.34,
pkg/util/validation/validation.go.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_NAME_PART = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\Z")
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*\Z")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+\Z")
_ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*\Z")
_RELAXED_ENV_NAME = re.compile(r"[ -<>-~]+\Z")


def is_dns_label(text: str) -> bool:
    """Whether the text is an RFC 1123 label: the name of a container, volume or namespace."""
    return len(text) <= 63 and bool(_LABEL.match(text))


def is_dns_1035_label(text: str) -> bool:
    """Whether the text is an RFC 1035 label, which starts with a letter: the name of a Service."""
    return len(text) <= 63 and bool(_LABEL_1035.match(text))


def is_dns_subdomain(text: str) -> bool:
    """Whether the text is an RFC 1123 subdomain: the name of most objects."""
    return len(text) <= 253 and bool(_SUBDOMAIN.match(text))


def is_path_segment(text: str) -> bool:
    """Whether the text fits into a URL path: the name of a role or binding."""
    return text not in (".", "..") and "/" not in text and "%" not in text


@lru_cache(maxsize=4096)
def is_qualified_name(text: str) -> bool:
    """Whether the text is a key of a label or annotation, or a resource name: `name` or `prefix/name`."""
    prefix, slash, name = text.rpartition("/")
    if slash and not is_dns_subdomain(prefix):
        return False
    return len(name) <= 63 and bool(_NAME_PART.match(name))


@lru_cache(maxsize=4096)
def is_label_value(text: str) -> bool:
    """Whether the text is the value of a label; it may be empty."""
    return not text or (len(text) <= 63 and bool(_NAME_PART.match(text)))


def is_port_name(text: str) -> bool:
    """Whether the text is an RFC 6335 service name: at most 15 characters, one of them a letter."""
    return len(text) <= 15 and bool(_PORT_NAME.match(text))


def is_config_key(text: str) -> bool:
    """Whether the text is a key of a ConfigMap or Secret; it becomes a file name."""
    return len(text) <= 253 and not _leads_out(text) and bool(_CONFIG_KEY.match(text))


def is_env_name(text: str, version: tuple[int, int]) -> bool:
    """Whether the text is the name of an environment variable in a Kubernetes version.

    From 1.32 that is any printable ASCII except `=` (KEP-4369).
    """
    if version >= (1, 32):
        return bool(_RELAXED_ENV_NAME.match(text))
    return not _leads_out(text) and bool(_ENV_NAME.match(text))


def _leads_out(text: str) -> bool:
    return text == "." or text.startswith("..")

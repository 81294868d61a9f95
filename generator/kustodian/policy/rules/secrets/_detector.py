"""Finds credentials by name and value. Nothing here ever gives the value away, only what it seems to be."""

from __future__ import annotations

from kustodian.policy.rules.secrets._names import kind_of
from kustodian.policy.rules.secrets._values import credential_in, is_credential


def credential(name: str, value: str) -> str | None:
    """What credential a named value holds ("a literal credential", "a private key"); None where none."""
    return credential_in(value) or literal_under(name, value)


def literal_under(name: str, value: str) -> str | None:
    """The same by the name alone, whose words say what the value is."""
    kind = kind_of(name)
    return "a literal credential" if kind and is_credential(value, kind) else None

"""Finds credentials by name and value. Results say what a value appears to be and never contain it."""

from __future__ import annotations

from kustodian.policy.rules.secrets._names import kind_of
from kustodian.policy.rules.secrets._values import credential_in, is_credential


def credential(name: str, value: str) -> str | None:
    """What credential a named value holds ("a literal credential", "a private key"), or None."""
    return credential_in(value) or literal_credential(name, value)


def literal_credential(name: str, value: str) -> str | None:
    """Like `credential`, but only for names that say that their value is a credential."""
    kind = kind_of(name)
    return "a literal credential" if kind and is_credential(value, kind) else None

"""Recognises names of credentials by the words they end in.

Only the end counts: TOKEN_FILE is a file, SECRET_NAME a name, MAX_TOKENS a number, and TOKENIZERS_PARALLELISM
has nothing to do with a credential.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache


class Kind(Enum):
    """What a name says about its value, and thus which values count as credentials."""

    PASSWORD = "password"  # any literal, even a number
    CREDENTIAL = "credential"  # any literal that is not a number
    SECRET = "secret"  # likewise, but it may also name a Kubernetes Secret
    WEAK = "weak"  # only a value that looks random
    USER_AND_PASSWORD = "user:password"  # only `user:password`, plain or in base64


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

#: Words after the one that matters: which of several credentials it is, or how it is written.
_TRAILING = frozenset({
    "value", "prod", "production", "staging", "stage", "dev", "test", "live", "primary", "secondary", "old",
    "new", "current", "base", "b", "plain", "plaintext", "literal", "default",
})  # fmt: skip
_RUN_TOGETHER = frozenset({
    "apikey", "apisecret", "secretkey", "accesskey", "privatekey", "authtoken", "apitoken", "accesstoken",
    "bearertoken", "refreshtoken", "sessiontoken", "bottoken", "usertoken", "hftoken", "clientsecret",
    "appsecret", "jwtsecret", "sharedsecret", "webhooksecret", "encryptionkey", "signingkey", "masterkey",
    "fernetkey", "authkey", "accountkey", "sharedaccesskey", "requirepass", "masterauth", "rediscliauth",
})  # fmt: skip
#: Language models call their vocabulary tokens (EOS_TOKEN, PAD_TOKEN), and paged lists have tokens as well.
_NOT_CREDENTIAL_TOKENS = frozenset({
    "bos", "eos", "pad", "padding", "unk", "unknown", "mask", "sep", "cls", "stop", "start", "end", "begin",
    "special", "image", "audio", "video", "blank", "think", "draft", "vocab", "prompt", "next", "page",
    "continue", "continuation", "max", "min", "num", "new", "per", "total", "separator", "newline",
    "control", "prefix", "suffix", "extra", "added", "first", "last",
})  # fmt: skip
_CREDENTIAL_TOKENS = frozenset({"api", "auth", "access", "bearer", "refresh", "admin", "static", "secret"})
_STRONG_KEYS = frozenset({
    "api", "secret", "private", "encryption", "encrypt", "signing", "sign", "fernet", "auth", "access",
    "master", "cipher", "hmac", "aes", "jwt", "webhook",
})  # fmt: skip
_WEAK_KEYS = frozenset({
    "account", "storage", "shared", "session", "app", "application", "service", "subscription", "admin",
    "deploy", "ssh", "gpg", "pgp", "rsa", "ingest", "ingestion", "instrumentation", "write", "read", "root",
    "unseal", "management", "user", "team", "project", "license", "integration", "registration", "tls",
    "ssl", "client", "server",
})  # fmt: skip
#: Words X for which X_SECRET is the name of a Kubernetes Secret.
_SECRETS_BY_NAME = frozenset({
    "pull", "image", "tls", "ssl", "ca", "cert", "certificate", "kubernetes", "kube", "s", "existing",
    "volume", "mount", "sealed", "external", "generic", "source", "target", "registry", "docker",
    "credentials", "creds", "password", "namespace", "projected", "ingress", "copy",
})  # fmt: skip
_SECRETS_BY_VALUE = frozenset({
    "client", "app", "api", "jwt", "cookie", "session", "webhook", "shared", "oauth", "oidc", "consumer",
    "signing", "access", "token", "hmac", "refresh", "django", "flask", "nextauth", "auth", "bot", "login",
    "admin",
})  # fmt: skip
#: FORWARD_PASS and the like count passes over the data.
_PASSES = frozenset(
    {"forward", "backward", "by", "multi", "single", "first", "second", "two", "one", "low", "high"}
)


@lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind | None:
    """What the name says about its value; None if it does not name a credential."""
    words = [word.lower() for word in _WORD.findall(name)]
    while len(words) > 1 and (words[-1].isdigit() or words[-1] in _TRAILING):
        words.pop()
    if not words:
        return None
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in _RUN_TOGETHER or (last == "auth" and before in ("rediscli", "redis")):
        return Kind.CREDENTIAL
    if last.endswith(("password", "passwd", "passphrase", "passcode")):
        return Kind.PASSWORD
    match last:
        case "pass" | "pwd":
            return Kind.PASSWORD if before and before not in _PASSES else None
        case "secret":
            return _secret(before)
        case "token":
            return None if before in _NOT_CREDENTIAL_TOKENS else Kind.CREDENTIAL
        case "tokens":
            return Kind.CREDENTIAL if before in _CREDENTIAL_TOKENS else None
        case "key":
            return _key(before)
        case "credential" | "credentials" | "creds":
            return Kind.WEAK
        case "cookie":
            return Kind.CREDENTIAL if before == "erlang" else None
        case "auth":
            return Kind.USER_AND_PASSWORD
        case _:
            return None


def _secret(before: str) -> Kind | None:
    if before in _SECRETS_BY_NAME:
        return None
    if before in _SECRETS_BY_VALUE:
        return Kind.CREDENTIAL
    return Kind.SECRET if before else Kind.WEAK


def _key(before: str) -> Kind | None:
    if before in _STRONG_KEYS:
        return Kind.CREDENTIAL
    return Kind.WEAK if before in _WEAK_KEYS else None

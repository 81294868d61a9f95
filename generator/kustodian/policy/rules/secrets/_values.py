"""Which values are credentials whatever their name, and which never are.

Source: the formats are those that the issuers document (GitHub, GitLab, Hugging Face, OpenAI, AWS, Google,
Slack ...).
"""

from __future__ import annotations

import base64
import binascii
import re

from kustodian.policy.rules.secrets._names import Kind

#: For each format: what it is, words of which every match contains one (a quick test), and its pattern.
_FORMATS: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (what, tuple(words.split()), re.compile(pattern))
    for what, words, pattern in (
        ("a private key", "PRIVATE", r"-----BEGIN (?:[A-Z0-9]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----"),
        ("an age private key", "AGE-SECRET-KEY-1", r"\bAGE-SECRET-KEY-1[0-9A-Z]{50,}"),
        ("a Hugging Face token", "hf_", r"\bhf_[A-Za-z0-9]{30,}\b"),
        ("a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
        ("a GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{22,}\b"),
        ("a GitLab token", "glpat- gldt- glrt- glptt-", r"\bgl(?:pat|dt|rt|ptt)-[A-Za-z0-9_-]{20,}"),
        ("an OpenAI or Anthropic key", "sk-", r"\bsk-(?:proj|ant|svcacct|or)-[A-Za-z0-9_-]{20,}"),
        ("an OpenAI key", "sk-", r"\bsk-[A-Za-z0-9]{32,}\b"),
        ("an AWS access key id", "AKIA ASIA", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        ("a Google API key", "AIza", r"\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])"),
        ("a Google client secret", "GOCSPX-", r"\bGOCSPX-[0-9A-Za-z_-]{28}(?![0-9A-Za-z_-])"),
        ("a Slack token", "xox xapp-", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{10,}"),
        ("a Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/services/T\w+/B\w+/[A-Za-z0-9]{16,}"),
        ("a JSON Web Token", "eyJ", r"\beyJ[\w-]{10,8000}+\.eyJ[\w-]{10,8000}+\.[\w-]{16,}"),
        ("an NVIDIA API key", "nvapi-", r"\bnvapi-[A-Za-z0-9_-]{40,}"),
        ("a Docker Hub token", "dckr_", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
        ("an npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("a PyPI token", "pypi-AgE", r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
        ("a Vault token", "hvs. hvb.", r"\bhv[sb]\.[A-Za-z0-9_-]{24,}"),
        ("a Stripe key", "_live_", r"\b[rs]k_live_[A-Za-z0-9]{20,}\b"),
        ("a SendGrid key", "SG.", r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"),
        ("a Grafana token", "glsa_ glc_", r"\bgl(?:sa|c)_[A-Za-z0-9+/=_]{32,}"),
        ("a Databricks token", "dapi", r"\bdapi[0-9a-f]{32}\b"),
        ("a Groq key", "gsk_", r"\bgsk_[A-Za-z0-9]{40,}\b"),
        ("a Replicate token", "r8_", r"\br8_[A-Za-z0-9]{36,}\b"),
        ("a DigitalOcean token", "_v1_", r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    )
)

#: One search for any of the words rules out most short texts; in a long text a search for each is faster.
_ANY_WORD = re.compile("|".join(sorted({re.escape(word) for _, words, _ in _FORMATS for word in words})))
_SHORT = 500

_URL_PASSWORD = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://(?P<user>[^\s/:@\"'<>]*):(?P<password>[^\s/,\"']+)@")
_URL_QUERY = re.compile(
    r"[?&](?:password|passwd|token|access_token|api_?key|sig|client_secret)=(?P<password>[^\s&\"'#]+)",
    re.IGNORECASE,
)
_CONNECTION_STRING = re.compile(
    r"(?:^|[\s;\"'])(?:password|pwd|accountkey|sharedaccesskey)\s?=\s?(?P<password>[^\s;&\"',]+)",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\b(?:Bearer|Basic|Token) (?P<password>[A-Za-z0-9+/=_.-]{16,})(?=$|[\s\"'])")
_USER_AND_PASSWORD = re.compile(r"[\w.@-]+:(?!\d+\Z)[^\s:/]{3,}")

#: Filled in elsewhere: $(VAR), ${VAR}, $VAR, {{ template }}, <placeholder>, %(x)s, a path in a secret store.
_REFERENCE = re.compile(
    r"\$[({]|\$[A-Za-z_]\w*\Z|\{\{|\}\}|\A<.*>\Z|<[A-Za-z][\w .-]*>|%\(\w+\)s|\A%\w+%\Z|\A@\w+@\Z|\A`|"
    r"\AENC\[|"
    r"\A(?:vault|ref\+\w+|secretref|env|file|k8s|op|awssm|gcpsm|akv|bao|sops):|"
    r"\Aarn:|\Aprojects/[^/]+/secrets/|\A@Microsoft\.KeyVault|"
    r"os\.environ|os\.getenv|getenv\(|process\.env|\blookup\(|\AsecretKeyRef|\AvalueFrom"
)
_PLACEHOLDER = re.compile(
    r"[x*._-]{3,}|\[[^\]]*\]|(?:sk-)?x{3,}|(?:your|insert|enter|replace|put|add|fill|set|use)[-_ ].*|"
    r".*[-_ ]here|replaceme|todo|tbd|fixme|redacted|removed|hidden|masked|placeholder|\.\.\.",
    re.IGNORECASE,
)
#: Stand-ins for a key that the server does not require.
_NO_KEY = re.compile(
    r"empty|dummy|fake|unused|any|default|noop|n/?a|"
    r"(?:sk-)?no[-_ ]?(?:t[-_ ]?)?(?:key|needed|used|required|token)(?:[-_ ]?required)?",
    re.IGNORECASE,
)
_CONSTANT = re.compile(
    r"true|false|yes|no|on|off|y|n|none|null|nil|~|undefined|auto|enabled?|disabled?|required|optional|"
    r"string|str|int|integer|bool|boolean|bytes|object|bearer|basic|jwt|oauth2?|oidc",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|0x[0-9a-f]+|\d+(?:\s*,\s*\d+)+", re.IGNORECASE)
_MEASURE = re.compile(r"(?:\d+(?:\.\d+)?\s?(?:ns|us|ms|s|h|d|w|[kmgtp]i?b?|%))++", re.IGNORECASE)
_PATH = re.compile(
    r"(?:/|\.{1,2}/|~/|[A-Za-z]:[\\/])[\w.@:~ \\/-]*|"
    r"[\w.-]+(?:/[\w.-]+)*\.(?:ya?ml|json|pem|key|crt|txt|toml|env)"
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S*", re.IGNORECASE)
_VARIABLE_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_CHANGE_ME = re.compile(r"change[-_ ]?(?:me|it|this).*", re.IGNORECASE)
_SECRET_NAME = re.compile(
    r"(?=.*-)(?:[a-z0-9-]*\b)?(?:secrets?|tokens?|creds?|credentials?|keys?|auth|tls|certs?|passwords?)"
    r"(?:\b[a-z0-9-]*)?"
)
#: Names of Kubernetes objects have at most 253 characters.
_LONGEST_NAME = 253
_CHUNK = re.compile(r"[A-Za-z0-9+/=]{12,}")


def credential_in(value: str) -> str | None:
    """What credential a text holds, under any name ("a GitHub token", "a URL with a password"), or None."""
    description = format_in(value) or transport_in(value)
    if description:
        return description
    for match in _CONNECTION_STRING.finditer(value):
        if "=" in value[: match.start()] and _is_literal(match["password"], Kind.PASSWORD):
            return "a connection string with a password"
    return None


def transport_in(value: str) -> str | None:
    """What credential a text holds as part of a URL or a header, or None."""
    if any(_is_literal(match["password"], Kind.PASSWORD) for match in _URL_PASSWORD.finditer(value)):
        return "a URL with a password"
    if any(_is_literal(match["password"], Kind.PASSWORD) for match in _URL_QUERY.finditer(value)):
        return "a URL with a credential"
    if any(_looks_random(match["password"]) for match in _HEADER.finditer(value)):
        return "an authorization header"
    return None


def format_in(value: str) -> str | None:
    """What token or key of a known format a text holds, or None."""
    if len(value) < _SHORT and not _ANY_WORD.search(value):
        return None
    for what, words, pattern in _FORMATS:
        if any(word in value for word in words) and pattern.search(value):
            return what
    return None


def is_credential(value: str, kind: Kind) -> bool:
    """Whether a value is a literal credential, given what its name says about it."""
    value = value.strip()
    if kind is Kind.USER_AND_PASSWORD:
        return _is_literal(value, kind) and _user_and_password(value)
    if not _is_literal(value, kind):
        return False
    if kind is Kind.WEAK:
        return _looks_random(value)
    return not (kind is Kind.SECRET and len(value) <= _LONGEST_NAME and _SECRET_NAME.fullmatch(value))


def _is_literal(value: str, kind: Kind) -> bool:
    if not value or _REFERENCE.search(value) or _CONSTANT.fullmatch(value) or _PLACEHOLDER.fullmatch(value):
        return False
    if _NUMBER.fullmatch(value):
        return kind is Kind.PASSWORD and value.isdigit() and len(value) >= 4
    if _MEASURE.fullmatch(value) or _PATH.fullmatch(value) or _URL.fullmatch(value):
        return False
    if _VARIABLE_NAME.fullmatch(value) and not _CHANGE_ME.fullmatch(value):
        return False
    # A sentence is documentation; a passphrase may have spaces.
    return kind is Kind.PASSWORD or not (" " in value or _NO_KEY.fullmatch(value))


def _looks_random(value: str) -> bool:
    """Whether a long part of the value mixes digits and letters in a way that words and names do not."""
    return " " not in value and any(
        any(c.isdigit() for c in chunk) and any(c.isalpha() for c in chunk) for chunk in _CHUNK.findall(value)
    )


def _user_and_password(value: str) -> bool:
    if _USER_AND_PASSWORD.fullmatch(value):
        return True
    try:
        decoded = base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return False
    return bool(_USER_AND_PASSWORD.fullmatch(decoded))

"""Regular expressions that a repository brings along, matched in linear time.

SOPS and kustomize are written in Go, whose `regexp` is linear, without lookaround. Python's `re` has another
syntax and may need exponential time, so a pattern from a pull request could stop a check. The Rust crate
`regex`, which comes with jsonschema-rs, gives the same guarantees for nearly the same syntax.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: The quoted part of a pattern in Go's syntax, which Rust's lacks.
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
#: A pattern of these characters only means itself.
_LITERAL = re.compile(r"[\w/ -]*", re.ASCII)
#: Go's names of ASCII classes, which are not part of the syntax of JSON schemas.
_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "digit": "0-9", "lower": "a-z", "upper": "A-Z",
    "space": r"\t\n\v\f\r ", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_CLASS = re.compile(rf"\[:({'|'.join(_CLASSES)}):\]")
_COMPILED_SIZE = 4 << 20


class LinearPattern:
    """A compiled pattern. Raises ValueError for one that is invalid or takes more than 4 MiB."""

    def __init__(self, pattern: str) -> None:
        """Compile the pattern, both as it is and anchored at both ends."""
        import jsonschema_rs

        pattern = _QUOTED.sub(lambda quoted: re.escape(quoted[1]), pattern)
        pattern = _CLASS.sub(lambda name: _CLASSES[name[1]], pattern)
        options = jsonschema_rs.RegexOptions(size_limit=_COMPILED_SIZE, dfa_size_limit=_COMPILED_SIZE)
        try:
            self._anywhere, self._whole = (
                jsonschema_rs.validator_for({"pattern": written}, pattern_options=options)
                for written in (pattern, f"^(?:{pattern})$")
            )
        except jsonschema_rs.ValidationError as error:
            raise ValueError(f"not a regular expression: {pattern[:100]}") from error

    def search(self, text: str) -> bool:
        """Whether it matches anywhere in the text."""
        return self._anywhere.is_valid(_encodable(text))

    def fullmatch(self, text: str) -> bool:
        """Whether it matches the whole text."""
        return self._whole.is_valid(_encodable(text))


def _encodable(text: str) -> str:
    """The text with U+FFFD for each lone surrogate, as in the name of a file that is not UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def matches_whole(pattern: str, text: str) -> bool:
    """Whether a pattern matches the whole text; one that is invalid or too large only matches itself."""
    if _LITERAL.fullmatch(pattern):
        return pattern == text
    compiled = linear_pattern(pattern)
    return compiled.fullmatch(text) if compiled is not None else pattern == text


@lru_cache(maxsize=256)  # each may take as much memory as the limit above
def linear_pattern(pattern: str) -> LinearPattern | None:
    """The compiled pattern; None where it is invalid or too large."""
    try:
        return LinearPattern(pattern)
    except ValueError:
        return None

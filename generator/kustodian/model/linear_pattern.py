"""Regular expressions that a repository brings along, matched in linear time.

SOPS and kustomize are written in Go, whose `regexp` is linear, without lookaround. Python's `re` has another
syntax and may need exponential time, so a pattern from a pull request could stop a check. The Rust crate
`regex`, which comes with jsonschema-rs, gives the same guarantees for nearly the same syntax.
"""

from __future__ import annotations

from functools import cache

_COMPILED_SIZE = 4 << 20


class LinearPattern:
    """A compiled pattern. Raises ValueError for one that is invalid or takes more than 4 MiB."""

    def __init__(self, pattern: str) -> None:
        """Compile the pattern, both as it is and anchored at both ends."""
        import jsonschema_rs

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
    """The text with a question mark for each byte of a file name that is not UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


@cache
def linear_pattern(pattern: str) -> LinearPattern | None:
    """The compiled pattern; None where it is invalid or too large."""
    try:
        return LinearPattern(pattern)
    except ValueError:
        return None

"""Resource quantities (`500m`, `1.5Gi`, `2e3`), parsed as the API server parses them.

Source: k8s.io/apimachinery/pkg/api/resource `ParseQuantity` and `Quantity.UnmarshalJSON` (Kubernetes 1.34),
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

# The sign and the number are optional to the API server ("m" is zero); the empty text is not.
_QUANTITY = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?"
    r"(?:(?P<suffix>[KMGTPE]i|[numkMGTPE]?)|[eE](?P<exponent>[+-]?[0-9]+))\Z"
)
_DECIMAL_EXPONENT = {
    "n": -9,
    "u": -6,
    "m": -3,
    "": 0,
    "k": 3,
    "M": 6,
    "G": 9,
    "T": 12,
    "P": 15,
    "E": 18,
}
_BINARY_EXPONENT = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_NANO = 10**9
_BINARY_MAXIMUM = 2**63 - 1
#: Far beyond any machine, as an exponent and as a number of digits: `1e999999999` is not multiplied out.
_LARGEST_EXPONENT = 1000


def parse_quantity(value: object) -> Fraction | None:
    """The exact value in base units (cores, bytes, devices); None if the API server would refuse it.

    Accepts the strings, integers and floats of YAML; a null, a boolean or NaN is not a quantity. As in the
    API server, a fraction of a billionth rounds away from zero, and a binary quantity is at most 2^63-1.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return _parse(value, type(value).__name__)


@lru_cache(maxsize=4096)
def _parse(value: str | float, _: str) -> Fraction | None:
    """The parsed value; the name of the type keeps 1 and 1.0 apart in the cache."""
    # JSON strings are trimmed before they are parsed; numbers are parsed from their JSON text.
    text = value.strip() if isinstance(value, str) else repr(value)
    match = _QUANTITY.match(text)
    if not text or match is None:
        return None
    whole, part = match["whole"].lstrip("0"), (match["part"] or "")[:_LARGEST_EXPONENT]
    if len(whole) > _LARGEST_EXPONENT:
        return None
    amount = Fraction(int(whole + part or "0"), 10 ** len(part))
    if match["suffix"] in _BINARY_EXPONENT:
        amount = min(amount * 2 ** _BINARY_EXPONENT[match["suffix"]], Fraction(_BINARY_MAXIMUM))
    else:
        exponent = _exponent(match["exponent"]) if match["exponent"] else _DECIMAL_EXPONENT[match["suffix"]]
        if exponent > _LARGEST_EXPONENT:
            return None
        amount *= Fraction(10) ** max(exponent, -_LARGEST_EXPONENT)
    scaled = amount * _NANO
    if scaled.denominator != 1:
        amount = Fraction(-(-scaled.numerator // scaled.denominator), _NANO)
    return -amount if match["sign"] == "-" else amount


def _exponent(written: str) -> int:
    """The exponent, at most one beyond the largest that counts: `int` refuses thousands of digits."""
    digits = written.lstrip("+-").lstrip("0")
    number = int(digits or "0") if len(digits) < len(str(_LARGEST_EXPONENT)) + 1 else _LARGEST_EXPONENT + 1
    return -number if written.startswith("-") else number

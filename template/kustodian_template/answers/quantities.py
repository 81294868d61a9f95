"""Quantities of CPU and memory, and their sums as the API server writes them."""

from __future__ import annotations

import re

CPU = re.compile(r"([0-9]+)(m?)")
SIZE = re.compile(r"[0-9]+(Ki|Mi|Gi|Ti)")
_KIBIBYTES = {"Ki": 1, "Mi": 1024, "Gi": 1024**2, "Ti": 1024**3}


def millicores(quantity: str) -> int:
    """Cores (`2`) or millicores (`250m`) in millicores. Raises ValueError for anything else."""
    match = CPU.fullmatch(quantity)
    if match is None:
        raise ValueError(f"not a quantity of CPU: {quantity}")
    return int(match[1]) if match[2] else int(match[1]) * 1000


def kibibytes(quantity: str) -> int:
    """A size with a binary suffix in KiB. Raises ValueError for anything else."""
    match = SIZE.fullmatch(quantity)
    if match is None:
        raise ValueError(f"not a size: {quantity}")
    return int(quantity.removesuffix(match[1])) * _KIBIBYTES[match[1]]


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

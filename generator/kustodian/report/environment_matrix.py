"""`kustodian matrix` as text, markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from kustodian.model.environment_matrix import EnvironmentMatrix, Row

SCHEMA = "kustodian/matrix/v1"
_ABSENT = "—"
#: Marks a row whose environments differ, and one that some environment lacks.
_DIFFERS, _MISSING = "≠", "!"


def as_text(matrices: Sequence[EnvironmentMatrix], only_drift: bool = False) -> str:
    """Tables in columns; the mark before a row says whether the environments differ."""
    blocks = []
    for matrix in matrices:
        table = [("", "", *matrix.columns), *(_cells(row) for row in _rows(matrix, only_drift))]
        lines = [matrix.application, *_errors(matrix)]
        subject = ""
        widths = [max(len(line[column]) for line in table) for column in range(1, len(table[0]))]
        lines.append("    " + _columns(table[0][1:], widths))
        for row, cells in zip(_rows(matrix, only_drift), table[1:], strict=True):
            if row.subject != subject:
                subject = row.subject
                lines.append(f"  {subject}")
            lines.append(f"  {_mark(row)} {_columns(cells[1:], widths)}")
        blocks.append("\n".join(line.rstrip() for line in lines) + "\n")
    legend = f"{_DIFFERS} the environments differ   {_MISSING} some environment lacks it\n"
    return "\n".join([*blocks, legend]) if blocks else "no overlay is in an environment\n"


def as_markdown(matrices: Sequence[EnvironmentMatrix], only_drift: bool = False) -> str:
    """A table for each application."""
    parts = []
    for matrix in matrices:
        lines = [f"### {matrix.application}", *_errors(matrix), ""]
        lines.append("| | | " + " | ".join(matrix.columns) + " | |")
        lines.append("|---" * (len(matrix.columns) + 3) + "|")
        for row in _rows(matrix, only_drift):
            cells = " | ".join(_escaped(cell) for cell in _cells(row))
            lines.append(f"| {cells} | {_mark(row).strip()} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def as_json(matrices: Sequence[EnvironmentMatrix], only_drift: bool = False) -> str:
    """The contract `kustodian/matrix/v1`."""
    data = {
        "schema": SCHEMA,
        "applications": [
            {
                "application": matrix.application,
                "environments": list(matrix.columns),
                "errors": [{"overlay": overlay, "message": why} for overlay, why in matrix.errors],
                "rows": [
                    {
                        "subject": row.subject,
                        "fact": row.fact,
                        "values": [value or None for value in row.values],
                        "differs": row.differs,
                    }
                    for row in _rows(matrix, only_drift)
                ],
            }
            for matrix in matrices
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _rows(matrix: EnvironmentMatrix, only_drift: bool) -> list[Row]:
    return [row for row in matrix.rows if row.differs or not only_drift]


def _cells(row: Row) -> tuple[str, ...]:
    return (row.subject, row.fact, *(value or _ABSENT for value in row.values))


def _mark(row: Row) -> str:
    return _MISSING if row.missing else (_DIFFERS if row.differs else " ")


def _errors(matrix: EnvironmentMatrix) -> Iterator[str]:
    for overlay, why in matrix.errors:
        yield f"{overlay} does not render: {why}"


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")

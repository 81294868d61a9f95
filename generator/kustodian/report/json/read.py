"""Reads a report that `check --format json` wrote."""

from __future__ import annotations

from kustodian.model.errors import UserError
from kustodian.model.results.check_report import CheckReport
from kustodian.report.json.check import check_schema, from_data

_HINT = "give files that `kustodian check --format json=FILE` wrote"


def read_json(text: bytes, name: str) -> CheckReport:
    """The report that was written; `name` is its file, for error messages.

    Paths stay relative to the folder in which the check ran. The file has no source lines, rule pages or
    duration. Raises UserError for anything that is not such a report.
    """
    import jsonschema_rs
    import orjson

    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UserError(f"not JSON: {error.msg}", name, error.lineno, error.colno, _HINT) from None
    wrong = next(iter(jsonschema_rs.validator_for(check_schema()).iter_errors(data)), None)
    if wrong is not None:
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in wrong.instance_path)
        message = wrong.message if len(wrong.message) < 200 else f"{wrong.message[:200]} ..."
        raise UserError(
            f"not a report of `kustodian check`: {where.lstrip('.') or 'document'}: {message}",
            name,
            hint=_HINT,
        )
    try:
        return from_data(data)
    except ValueError as error:
        raise UserError(f"not a report of `kustodian check`: {error}", name, hint=_HINT) from None

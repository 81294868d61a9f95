"""Convert the engine's answers to values (engine/README.md describes the wire format)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from kustodian.model.errors import ExitCode, UserError
from kustodian.model.json_value import FieldPath, JsonObject
from kustodian.model.manifest import Inside, Manifest, Provenance, Step
from kustodian.model.overlay import Evaluated, NotChecked, Overlay, PolicyResult, RenderedOverlay
from kustodian.model.places import Places, ValueSource, value_source


def not_checked(error: JsonObject | None) -> NotChecked | None:
    """An error of the engine as a value; None if there is none."""
    if not error:
        return None
    return NotChecked(
        error.get("code", "error"),
        error.get("message", ""),
        error.get("file"),
        error.get("line"),
        error.get("column"),
        error.get("detail"),
    )


def request_error(error: JsonObject) -> UserError:
    """The error for a request that failed as a whole."""
    return UserError(
        error["message"],
        error.get("file"),
        error.get("line"),
        error.get("column"),
        exit_code=ExitCode.NOT_CHECKED,
    )


def policy_error(error: JsonObject) -> UserError:
    """The error for Rego policies that do not load or compile, with a hint."""
    hint = {
        "no-policy": "check `rego.policy` and `rego.namespaces` in kustodian.yaml",
        "outside-root": "move it into the repository",
        "policy-compile": "correct the Rego file; `conftest verify` runs its tests",
    }.get(error.get("code", ""))
    found = request_error(error)
    found.hint = hint
    return found


def rendered_overlay(by_path: dict[str, Overlay], answer: JsonObject) -> RenderedOverlay:
    """The result of rendering one overlay. Raises UserError if the policies do not load."""
    if answer["kind"] == "policy-error":
        raise policy_error(answer["error"])
    sources = [value_source(source) for source in answer.get("sources") or ()]
    policy, successes = _policy_results(answer.get("policy"))
    found = opened(answer, lambda entry: Manifest(entry["object"], _provenance(entry, sources)))
    return RenderedOverlay(
        by_path[answer["overlay"]],
        found.objects,
        not_checked(answer.get("error") or answer.get("policyError")),
        {entry["path"]: entry["sha256"] for entry in answer.get("files") or []},
        tuple(answer.get("absent") or ()),
        policy,
        successes,
        opened=found.opened,
        lists=found.lists,
        unread=found.unread,
    )


class Opened(NamedTuple):
    """Objects with those inside them; the fields are those of `RenderedOverlay`."""

    objects: list[Manifest]
    opened: list[Manifest]
    lists: list[Manifest]
    unread: list[tuple[Manifest, FieldPath]]
    error: NotChecked | None = None


def opened(answer: JsonObject, outermost: Callable[[JsonObject], Manifest]) -> Opened:
    """The objects of an answer; `outermost` makes one that is not inside another."""
    parts: list[list[JsonObject]] = [answer.get(name) or [] for name in ("objects", "opened", "lists")]
    if not (parts[1] or parts[2]):
        objects = [outermost(entry) for entry in parts[0]]
        unread = [(objects[each["carrier"]], tuple(each["path"])) for each in answer.get("unread") or []]
        return Opened(objects, [], [], unread, not_checked(answer.get("error")))
    entries = [entry for part in parts for entry in part]
    made: dict[int, Manifest] = {}

    def manifest(index: int) -> Manifest:
        if index not in made:
            entry = entries[index]
            inside = entry.get("inside")
            if inside is None:
                made[index] = outermost(entry)
            else:
                place = Inside(
                    manifest(inside["carrier"]),
                    tuple(inside["path"]),
                    inside.get("document"),
                    inside.get("item"),
                    applied=index < len(parts[0]),
                    partial=inside.get("partial", False),
                )
                made[index] = Manifest(entry["object"], inside=place)
        return made[index]

    first, second = len(parts[0]), len(parts[0]) + len(parts[1])
    every = [manifest(index) for index in range(len(entries))]
    unread = [(every[each["carrier"]], tuple(each["path"])) for each in answer.get("unread") or []]
    return Opened(every[:first], every[first:second], every[second:], unread)


def evaluated(answer: JsonObject) -> Evaluated:
    """The results of policies for one input."""
    return Evaluated(*_policy_results(answer.get("policy")), not_checked(answer.get("error")))


def _policy_results(answer: JsonObject | None) -> tuple[tuple[PolicyResult, ...], int]:
    if not answer:
        return (), 0
    results = tuple(
        PolicyResult(
            r["object"], r["namespace"], r["query"], r["level"], r["message"], r.get("metadata") or {}
        )
        for r in answer.get("results") or []
    )
    return results, answer.get("successes", 0)


def _provenance(entry: JsonObject, sources: Sequence[ValueSource]) -> Provenance:
    origin = entry.get("origin") or {}
    generator = None
    if origin.get("configuredIn"):
        generator = _step(origin)
    places = Places(entry["places"], sources) if entry.get("places") else None
    return Provenance(origin.get("path") or None, generator, places=places)


def _step(data: JsonObject) -> Step:
    by = data.get("configuredBy") or {}
    return Step(data.get("configuredIn") or "", by.get("kind") or "", data.get("path") or None)

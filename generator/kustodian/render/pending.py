"""Requests that the engine has not finished, and how they go on when its process ends.

A process ends where an overlay needs too much memory, where work that took too long cannot be interrupted,
or where the engine crashes. The next process gets what is left, and after a crash one overlay at a time: the
overlay at which it ends again is the one that is not checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kustodian.model.json_value import JsonObject
from kustodian.model.overlay import NotChecked

#: Exit codes of the engine (engine/internal/limits).
EXIT_MEMORY = 70
EXIT_ABANDONED = 71
EXIT_UNCLEAR = 72

#: What a request of each kind lists, and the field that names it in an answer.
_LISTS = {"render": ("overlays", "overlay"), "policy": ("inputs", "name"), "parse": ("files", "path")}


@dataclass(slots=True)
class Pending:
    """A request without its last answer."""

    request: JsonObject
    answered: set[str] = field(default_factory=set)

    @property
    def is_divisible(self) -> bool:
        """Whether a part of the request can fail without the rest."""
        return self.request["op"] in ("render", "policy")

    def note(self, answer: JsonObject) -> None:
        """Remember what an answer is about."""
        _, name = _LISTS.get(self.request["op"], ("", ""))
        if name in answer:
            self.answered.add(answer[name])

    def rest(self) -> JsonObject:
        """The request for what has not been answered."""
        listed, _ = _LISTS.get(self.request["op"], ("", ""))
        if not listed:
            return self.request
        rest = {**self.request, listed: list(self._left())}
        if "content" in rest:
            rest["content"] = {k: v for k, v in rest["content"].items() if k not in self.answered}
        return rest

    def blame(self, error: NotChecked) -> JsonObject | None:
        """The answer for the part at which the process ended; None if they are tried singly next."""
        if self.request["op"] == "render" and not self.request.get("sequential"):
            self.request["sequential"] = True
            return None
        return next(self.fail(error), None)

    def fail(self, error: NotChecked) -> Iterator[JsonObject]:
        """Answers that say of each part without one that it is not checked."""
        kind = "overlay" if self.request["op"] == "render" else "policy"
        _, name = _LISTS[self.request["op"]]
        for part in list(self._left()):
            value = part if isinstance(part, str) else part["name"]
            self.answered.add(value)
            yield {"kind": kind, name: value, "error": error._asdict()}

    def shorten(self) -> None:
        """Halve the time limit."""
        limits = self.request.get("limits")
        if limits is not None:
            limits["timeoutSeconds"] = max(0.1, limits["timeoutSeconds"] / 2)

    def _left(self) -> Iterator[str | JsonObject]:
        listed, _ = _LISTS[self.request["op"]]
        for part in self.request[listed]:
            if (part if isinstance(part, str) else part["name"]) not in self.answered:
                yield part


def reason(exit_code: int, log: str) -> NotChecked:
    """Why an engine ended that printed `log`."""
    if exit_code == EXIT_MEMORY or "out of memory" in log:
        return NotChecked("memory", "the rendering engine needs more memory than its limit (see GOMEMLIMIT)")
    how = f"was killed by signal {-exit_code}" if exit_code < 0 else f"ended unexpectedly (exit {exit_code})"
    return NotChecked("engine-ended", f"the rendering engine {how}", detail=log.strip() or None)


def gave_up(ends: int) -> NotChecked:
    """Why overlays are not checked after the engine ended too often."""
    return NotChecked(
        "engine-ended", f"not rendered, because the rendering engine ended {ends} times on other overlays"
    )

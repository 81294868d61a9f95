"""Differences of the settings: severities, options, versions, exclusions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kustodian.model.environment import Environment, Severity
from kustodian.model.finding import FOREIGN_RULES
from kustodian.model.json_value import FieldPath
from kustodian.policy.catalogue import all_rules, by_id
from kustodian.policy.config import Config
from kustodian.policy.rule import Rule
from kustodian.policy.settings import Settings
from kustodian.review.gate.change import GateChange, shown

_LEVELS = ("info", "warning", "error")


def setting_changes(base: Config, head: Config) -> Iterator[GateChange]:
    """What differs in the settings of the rules."""
    yield from _version(base, head)
    if base.profile != head.profile:
        message = f"the profile was {base.profile} and becomes {head.profile}"
        yield GateChange("severity", message, ("profile",), tightens=head.profile == "production")
    if base.fail_on != head.fail_on:
        tightens = _LEVELS.index(head.fail_on) < _LEVELS.index(base.fail_on)
        message = f"findings failed from {base.fail_on} on, and now from {head.fail_on} on"
        yield GateChange("option", message, ("failOn",), tightens=tightens, subject="failOn")
    yield from _registries(base, head)
    if base.cpu_limits != head.cpu_limits:
        message = f"cpuLimits was {base.cpu_limits} and becomes {head.cpu_limits}"
        yield GateChange("option", message, ("cpuLimits",), subject="cpuLimits")
    yield from _options(base, head)
    yield from _severities(base, head)
    yield from _excluded(base, head)
    yield from _pod_templates(base, head)


def _version(base: Config, head: Config) -> Iterator[GateChange]:
    before, after = Settings(base.kubernetes_version), Settings(head.kubernetes_version)
    if before.version_pair != after.version_pair:
        message = f"the Kubernetes version was {before.version} and becomes {after.version}"
        tightens = after.version_pair > before.version_pair
        yield GateChange("version", message, ("kubernetesVersion",), tightens=tightens)


def _registries(base: Config, head: Config) -> Iterator[GateChange]:
    before, after = set(base.registries), set(head.registries)
    if before == after:
        return
    is_stricter = bool(after) and (not before or after < before)
    what = f"allowed registries were {shown(base.registries)} and become {shown(head.registries)}"
    yield GateChange("option", what, ("registries",), tightens=is_stricter, subject="registries")


def _options(base: Config, head: Config) -> Iterator[GateChange]:
    for rule_id in sorted({*base.rules, *head.rules}):
        for name, option in by_id()[rule_id].options.items():
            before, after = (each.rules.get(rule_id, {}).get(name, option.default) for each in (base, head))
            if shown(before) != shown(after):
                message = f"{name} of {rule_id} was {shown(before)} and becomes {shown(after)}"
                yield GateChange("option", message, ("rules", rule_id, name), subject=f"{rule_id}/{name}")


def _severities(base: Config, head: Config) -> Iterator[GateChange]:
    """Profile and classes are compared elsewhere, so both sides have those of the base."""
    before = base.settings()
    after = replace(head.settings(), profile=before.profile)
    pairs = [(Environment(), Environment())]
    for name in head.environments:
        own = head.environment(name)
        other = (
            base.environment(name) if name in base.environments else Environment(name, own.environment_class)
        )
        own = replace(own, environment_class=other.environment_class)
        pairs.append((other, own))
        for word in sorted({*other.severities, *own.severities}):
            if word.startswith(FOREIGN_RULES):
                yield from _foreign(name, word, other, own)
                continue
            rules = [rule for rule in all_rules() if word in (rule.id, *rule.tags, rule.topic)]
            # What `rules` changes has a finding there.
            path: FieldPath = ("environments", name, "severity", word)
            yield from _lowered(rules, before, before, [(other, own)], path, f"{word} in {name}")
    for rule_id in sorted({*base.rules, *head.rules}):
        same = [(pair[1], pair[1]) for pair in pairs]
        yield from _lowered([by_id()[rule_id]], before, after, same, ("rules", rule_id, "severity"), rule_id)


def _lowered(
    rules: list[Rule],
    before: Settings,
    after: Settings,
    environments: list[tuple[Environment, Environment]],
    path: FieldPath,
    what: str,
) -> Iterator[GateChange]:
    """One change for the worst that happens to these rules in these environments, if anything does."""
    levels = {
        (before.severity(rule, other), after.severity(rule, own))
        for rule in rules
        for other, own in environments
    }
    changed = [(old or 0, new or 0) for old, new in levels if old != new]
    if not changed:
        return
    loosened = [pair for pair in changed if pair[1] < pair[0]]
    old, new = min(loosened or changed, key=lambda pair: (pair[1], -pair[0]))
    kind = "rule-off" if loosened and new == 0 else "severity"
    if not loosened and all(pair[0] == 0 for pair in changed):
        kind = "rule-off"
    message = f"{what} was {_level(old)} and becomes {_level(new)}"
    yield GateChange(kind, message, path, tightens=not loosened, subject="/".join(map(str, path)))


def _foreign(name: str, word: str, base: Environment, head: Environment) -> Iterator[GateChange]:
    """Without a setting, the policy itself decides, which is at most an error."""
    old, new = (
        (each.severities[word] or 0) if word in each.severities else int(Severity.ERROR)
        for each in (base, head)
    )
    if old == new:
        return
    message = f"{word} in {name} was {_level(old)} and becomes {_level(new)}"
    kind = "rule-off" if new == 0 else "severity"
    path = ("environments", name, "severity", word)
    yield GateChange(kind, message, path, tightens=new > old, subject="/".join(path))


def _level(level: int) -> str:
    return str(Severity(level)) if level else "off"


def _excluded(base: Config, head: Config) -> Iterator[GateChange]:
    for index, glob in enumerate(head.exclude):
        if glob not in base.exclude:
            yield GateChange(
                "exclude", f"`{glob}` is excluded from the check", ("exclude", index), subject=glob
            )
    for glob in base.exclude:
        if glob not in head.exclude:
            message = f"`{glob}` is no longer excluded from the check"
            yield GateChange("exclude", message, ("exclude",), tightens=True, subject=glob)


def _pod_templates(base: Config, head: Config) -> Iterator[GateChange]:
    for entry in base.pod_templates:
        if entry not in head.pod_templates:
            where = ".".join(map(str, entry.field_path))
            message = f"the pod template of {entry.kind} ({entry.group}) at {where} is no longer looked at"
            yield GateChange(
                "coverage", message, ("podTemplates",), subject=f"{entry.group}/{entry.kind}/{where}"
            )
    for index, entry in enumerate(head.pod_templates):
        if entry not in base.pod_templates:
            message = f"the pod template of {entry.kind} ({entry.group}) is looked at"
            path = ("podTemplates", index)
            yield GateChange("coverage", message, path, tightens=True, subject=f"{entry.group}/{entry.kind}")

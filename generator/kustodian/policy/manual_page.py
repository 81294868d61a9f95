"""A rule's manual page, for the terminal and as Markdown for docs/rules/."""

from __future__ import annotations

from kustodian.policy.rule import Option, Rule

_YAML_SECTIONS = ("Wrong", "Right")


def as_text(rule: Rule) -> str:
    """The page as `kustodian explain` prints it."""
    manual = rule.manual
    severities = ", ".join(f"{name} {severity}" for name, severity in _severities(rule).items())
    lines = [rule.id, "", f"  {manual.title}", "", f"  severity  {severities}"]
    if rule.tags:
        lines.append(f"  tags      {', '.join(rule.tags)}")
    for name, body in manual.sections.items():
        if name != "Options" or not rule.options:
            lines += ["", f"{name}:", *(f"  {line}".rstrip() for line in body.splitlines())]
    if rule.options:
        lines += ["", "Options, in kustodian.yaml under rules:"]
    for name, option in rule.options.items():
        lines.append(f"  {name}: {option.help} (default: {_default(option) or 'none'})")
    return "\n".join(lines)


def as_markdown(rule: Rule) -> str:
    """The page as docs/rules/<id>.md."""
    manual = rule.manual
    severities = _severities(rule)
    tags = ", ".join(rule.tags) or "-"
    lines = [f"# {rule.id}", "", manual.title, ""]
    lines += [f"| topic | looks at | {' | '.join(severities)} | tags |", "|---|---|---|---|---|---|"]
    lines.append(f"| {rule.topic} | {rule.scope} | {' | '.join(severities.values())} | {tags} |")
    for name, body in manual.sections.items():
        if name in _YAML_SECTIONS:
            lines += ["", f"## {name}", "", "```yaml", body, "```"]
        elif name != "Options":
            lines += ["", f"## {name}", "", body]
    if rule.options:
        lines += ["", "## Options", ""]
        lines += ["Set in `kustodian.yaml` under `rules: {" + rule.id + ": {...}}`.", ""]
        lines += ["| option | default | meaning |", "|---|---|---|"]
    for name, option in rule.options.items():
        lines.append(f"| `{name}` | {_default(option)} | {option.help} |")
    return "\n".join(lines) + "\n"


def _severities(rule: Rule) -> dict[str, str]:
    """The severity, or "off", by class of environment."""
    return {str(key): str(severity or "off") for key, severity in rule.default_severities.items()}


def _default(option: Option) -> str:
    return ", ".join(option.default) if isinstance(option.default, tuple) else str(option.default)

"""A rule's manual page, for the terminal and as Markdown for docs/rules/."""

from __future__ import annotations

from kustodian.policy.rule import Rule

_SEVERITY = {"E": "error", "W": "warning", "I": "info", "-": "off"}
_INDENTED = ("Wrong", "Right")


def as_text(rule: Rule) -> str:
    """The page as `kustodian explain` prints it."""
    manual = rule.manual
    lines = [rule.id, "", f"  {manual.title}", "", f"  severity  {_severities(rule)}"]
    if rule.tags:
        lines.append(f"  tags      {', '.join(rule.tags)}")
    for name, body in manual.sections.items():
        lines += ["", f"{name}:", *(f"  {line}".rstrip() for line in body.splitlines())]
    lines += _option_lines(rule)
    return "\n".join(lines)


def as_markdown(rule: Rule) -> str:
    """The page as docs/rules/<id>.md."""
    manual = rule.manual
    lines = [f"# {rule.id}", "", manual.title, ""]
    lines += ["| topic | looks at | dev | staging | prod | tags |", "|---|---|---|---|---|---|"]
    dev, staging, prod = (_SEVERITY[letter] for letter in rule.severity.split("/"))
    tags = ", ".join(rule.tags) or "-"
    lines.append(f"| {rule.topic} | {rule.scope} | {dev} | {staging} | {prod} | {tags} |")
    for name, body in manual.sections.items():
        if name in _INDENTED:
            lines += ["", f"## {name}", "", "```yaml", body, "```"]
        elif name != "Options":
            lines += ["", f"## {name}", "", body]
    if rule.options:
        lines += [
            "",
            "## Options",
            "",
            "Set in `kustodian.yaml` under `rules: {" + rule.id + ": {...}}`.",
            "",
        ]
        lines += ["| option | default | meaning |", "|---|---|---|"]
        for name, option in rule.options.items():
            shown = ", ".join(option.default) if isinstance(option.default, tuple) else str(option.default)
            lines.append(f"| `{name}` | {shown} | {option.help} |")
    return "\n".join(lines) + "\n"


def _severities(rule: Rule) -> str:
    dev, staging, prod = (_SEVERITY[letter] for letter in rule.severity.split("/"))
    return f"dev {dev}, staging {staging}, prod {prod}"


def _option_lines(rule: Rule) -> list[str]:
    if not rule.options:
        return []
    lines = ["", "Options, in kustodian.yaml under rules:"]
    for name, option in rule.options.items():
        lines.append(f"  {name}: {option.help} (default: {option.default})")
    return lines

"""`kustodian rules`: list the rules."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from kustodian.model.errors import UserError, nearest


class Format(StrEnum):
    """The output formats."""

    TEXT = "text"
    JSON = "json"


def rules(
    topic: Annotated[str | None, typer.Option("--topic", help="Only rules of this topic.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only rules with this tag.")] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", help="Only rules that are enabled in dev, staging or prod.")
    ] = None,
    output: Annotated[Format, typer.Option("--format", "-f", help="Output format.")] = Format.TEXT,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of kustodian.yaml instead.")
    ] = False,
) -> int:
    """List the rules with their severity in dev, staging and prod.

    Example: kustodian rules --topic gpu
    """
    import json

    if schema:
        from kustodian.policy.config_schema import config_schema

        sys.stdout.write(json.dumps(config_schema(), indent=2) + "\n")
        return 0
    from kustodian.model.environment import EnvironmentClass
    from kustodian.policy.catalogue import all_rules

    _refuse_unknown("topic", topic, {rule.topic for rule in all_rules()})
    _refuse_unknown("tag", tag, {tag for rule in all_rules() for tag in rule.tags})
    _refuse_unknown("environment", environment, {str(e) for e in EnvironmentClass})
    chosen = [
        rule
        for rule in all_rules()
        if (topic is None or rule.topic == topic)
        and (tag is None or tag in rule.tags)
        and (environment is None or rule.default_severity(EnvironmentClass(environment)))
    ]
    if output is Format.JSON:
        data = [
            {
                "id": rule.id,
                "topic": rule.topic,
                "scope": str(rule.scope),
                "severity": {
                    str(e): str(level) if (level := rule.default_severity(e)) else None
                    for e in EnvironmentClass
                },
                "title": rule.manual.title,
                "tags": list(rule.tags),
                "options": {
                    name: {"default": option.default, "help": option.help}
                    for name, option in rule.options.items()
                },
            }
            for rule in chosen
        ]
        sys.stdout.write(json.dumps(data, indent=2) + "\n")
        return 0
    width = max((len(rule.id) for rule in chosen), default=0)
    for rule in chosen:
        print(f"{rule.id:<{width}}  {rule.severity}  {rule.manual.title}")
    print(f"\n{len(chosen)} rules; severity is dev/staging/prod (E error, W warning, I info, - off)")
    return 0


def _refuse_unknown(what: str, word: str | None, known: set[str]) -> None:
    if word is not None and word not in known:
        close = nearest(word, known)
        hint = f"did you mean `{close}`?" if close else f"known: {', '.join(sorted(known))}"
        raise UserError(f"unknown {what} `{word}`", hint=hint)

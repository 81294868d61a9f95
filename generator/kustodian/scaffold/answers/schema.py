"""JSON Schema of an answers file."""

from __future__ import annotations

from kustodian.scaffold.answers.environment import Environment
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.answers.questions import questions_of
from kustodian_template.record import VERSION_KEY


def answers_schema() -> dict[str, object]:
    """JSON Schema (draft 2020-12) with which editors check an answers file; it explains each choice."""
    schema = Answers.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Answers of kustodian new"
    for model, properties in (
        (Answers, schema["properties"]),
        (Environment, schema["$defs"]["Environment"]["properties"]),
    ):
        for question in questions_of(model):
            if question.choices:
                meanings = [f"{choice}: {meaning}" for choice, meaning in question.choices.items()]
                properties[question.key]["description"] = "\n".join([question.help + ".", *meanings])
    environments = schema["properties"]["environments"]
    description = environments.pop("description")
    environments["additionalProperties"] = False
    pattern, one = environments["patternProperties"].popitem()
    environments["patternProperties"] = {pattern: {"anyOf": [one, {"type": "null"}]}}
    schema["properties"]["environments"] = {
        "description": description,
        "anyOf": [environments, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
    }
    schema["properties"][VERSION_KEY] = {
        "type": "string",
        "description": "Version of Kustodian that recorded the answers; ignored when they are read",
    }
    return schema

"""The template's formats of answers as types for pydantic, with what an editor can check by itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from kustodian_template.answers import formats
from kustodian_template.answers.quantities import SIZE


def _whole_number_as_text(value: object) -> object:
    # `cpu: 2` is how people write a quantity; a bool is an int to Python but never a quantity.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _schema(**keywords: object) -> WithJsonSchema:
    """The JSON Schema for editors; the validator beside it has the last word."""
    return WithJsonSchema({"type": "string", **keywords})


_LABEL = rf"^{formats.LABEL.pattern}$"
_SIZE = rf"^{SIZE.pattern}$"

DnsLabel = Annotated[
    str, AfterValidator(formats.dns_label), _schema(pattern=_LABEL, maxLength=formats.MAX_LABEL)
]
ModelName = Annotated[
    str, AfterValidator(formats.model_name), _schema(pattern=_LABEL, maxLength=formats.MAX_MODEL_NAME)
]
DomainName = Annotated[
    str, AfterValidator(formats.domain_name), _schema(pattern=rf"^{formats.DOMAIN.pattern}$")
]
Registry = Annotated[str, AfterValidator(formats.registry)]
Email = Annotated[str, AfterValidator(formats.email), _schema(pattern=rf"^{formats.EMAIL.pattern}$")]
GitUrl = Annotated[str, AfterValidator(formats.git_url)]
GitBranch = Annotated[str, AfterValidator(formats.git_branch)]
Text = Annotated[str, AfterValidator(formats.text)]
LabelValue = Annotated[str, AfterValidator(formats.label_value)]
_NumberOrText = WithJsonSchema({"type": ["string", "integer"]})
Cpu = Annotated[str, BeforeValidator(_whole_number_as_text), AfterValidator(formats.cpu), _NumberOrText]
Size = Annotated[str, AfterValidator(formats.size), _schema(pattern=_SIZE)]
Memory = Annotated[str, AfterValidator(formats.memory), _schema(pattern=_SIZE)]
KubernetesVersion = Annotated[
    str, AfterValidator(formats.kubernetes_version), _schema(enum=list(formats.KUBERNETES_VERSIONS))
]

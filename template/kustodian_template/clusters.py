"""The clusters that Argo CD deploys to, and the names of its applications there."""

from __future__ import annotations

from kustodian_template.environments import Answers, environments

#: Names under which the clusters are known to Argo CD, the one that answers first.
CLUSTERS = ("primary", "secondary")


def destinations(answers: Answers) -> list[dict[str, str]]:
    """The clusters of Argo CD: how each is named there, and what ends the names of its applications."""
    if answers["clusters"] != "multi":
        return [{"cluster": "server: https://kubernetes.default.svc", "suffix": ""}]
    return [{"cluster": f"name: {name}", "suffix": f"-{name}"} for name in CLUSTERS]


def applications(answers: Answers, environment: str | None = None) -> list[str]:
    """The names of the Argo CD applications of one environment, or of all."""
    names = [environment] if environment else list(environments(answers))
    ends = [destination["suffix"] for destination in destinations(answers)]
    return [f"{answers['model_name']}-{name}{end}" for name in names for end in ends]

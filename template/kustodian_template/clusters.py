"""The clusters that Argo CD deploys to, and the names of its applications there."""

from __future__ import annotations

from kustodian_template.environments import Answers, environments

#: The names of the clusters in Argo CD; the primary serves the traffic.
CLUSTERS = ("primary", "secondary")


def destinations(answers: Answers) -> list[dict[str, str]]:
    """The clusters: how Argo CD refers to each, and the suffix of its applications' names."""
    if answers["clusters"] != "multi":
        return [{"cluster": "server: https://kubernetes.default.svc", "suffix": ""}]
    return [{"cluster": f"name: {name}", "suffix": f"-{name}"} for name in CLUSTERS]


def applications(answers: Answers, environment: str | None = None) -> list[str]:
    """The names of the Argo CD applications of one environment, or of all."""
    names = [environment] if environment else list(environments(answers))
    ends = [destination["suffix"] for destination in destinations(answers)]
    return [f"{answers['model_name']}-{name}{end}" for name in names for end in ends]

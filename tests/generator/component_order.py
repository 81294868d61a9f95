"""Whether the order in which an overlay lists its components changes what it renders to."""

from __future__ import annotations

import random
from typing import Any

import yaml

from tests.generator.repositories import Repository, edited_text

#: Lists that the API server merges by a key of their items, the key of an item's own first.
_KEYS = ("mountPath", "containerPort", "name")


def order_matters(repository: Repository, chance: random.Random) -> list[str]:
    """What differs, in words, when every overlay lists its components in another, random order."""
    before = _objects(repository)
    with edited_text(
        {
            path: _shuffled(path.read_text(encoding="utf-8"), chance)
            for path in sorted(repository.root.glob("overlays/*/kustomization.yaml"))
        }
    ):
        after = _objects(Repository(repository.answers, repository.root))
    return [
        f"the order of components changes {name} in {environment}"
        for environment, objects in before.items()
        for name in objects.keys() | after[environment].keys()
        if objects.get(name) != after[environment].get(name)
    ]


def _shuffled(text: str, chance: random.Random) -> str:
    data = yaml.safe_load(text)
    chance.shuffle(data["components"])
    return yaml.safe_dump(data, sort_keys=False)


def _objects(repository: Repository) -> dict[str, dict[tuple[str, str], object]]:
    return {
        environment: {(item["kind"], item["metadata"]["name"]): _as_maps(item) for item in objects}
        for environment, objects in repository.objects.items()
    }


def _as_maps(node: Any) -> object:
    """The object with the lists that the API server merges by a key (volumes, mounts, ports, …) as maps."""
    if isinstance(node, dict):
        return {key: _as_maps(value) for key, value in node.items()}
    if isinstance(node, list):
        for key in _KEYS:
            if node and all(isinstance(item, dict) and key in item for item in node):
                found = {str(item[key]): _as_maps(item) for item in node}
                assert len(found) == len(node), f"two items with the same {key}: {node}"
                return found
        return [_as_maps(item) for item in node]
    return node

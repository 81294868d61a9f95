"""The model server with a prediction cache in front of its model: ``gunicorn cached:app``.

REDIS_URL names the cache and REDIS_PASSWORD_FILE a file with its password. An answer is kept under the model's revision
and the features, so a new revision never gives an old answer. The cache is optional at run time: while it is slow, away
or refuses, predictions are computed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis

import model

TIMEOUT = 0.05  # seconds; a prediction takes less than a slow cache
KEPT = 3600  # seconds


class CachedClassifier:
    """A classifier whose answers are looked up first; one row at a time is asked for."""

    def __init__(self, classifier: Any, client: redis.Redis, revision: str) -> None:
        self._classifier, self._client, self._revision = classifier, client, revision

    def predict(self, rows: Sequence[Sequence[float]]) -> list[int]:
        """The labels of the rows."""
        return [self._label(row) for row in rows]

    def _label(self, row: Sequence[float]) -> int:
        key = f"{self._revision}:{','.join(map(repr, row))}"
        try:
            known = self._client.get(key)
            if known is not None:
                return int(known)
        except redis.RedisError:
            return self._compute(row)
        label = self._compute(row)
        try:
            self._client.set(key, label, ex=KEPT)
        except redis.RedisError:
            pass
        return label

    def _compute(self, row: Sequence[float]) -> int:
        return int(self._classifier.predict([list(row)])[0])


class _FilePassword(redis.CredentialProvider):
    """The password of the moment: a rotated one is used by the next connection."""

    def get_credentials(self) -> tuple[str, ...]:
        file = os.environ.get("REDIS_PASSWORD_FILE", "")
        return (Path(file).read_text(encoding="utf-8").strip(),) if file and Path(file).is_file() else ("",)


def client() -> redis.Redis:
    """A client of the cache that REDIS_URL names; connects when it is first used."""
    credentials = _FilePassword() if os.environ.get("REDIS_PASSWORD_FILE") else None
    return redis.Redis.from_url(
        os.environ["REDIS_URL"],
        credential_provider=credentials,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
    )


_load = model.load


def _load_cached(path: Path) -> Any:
    return CachedClassifier(_load(path), client(), os.environ.get("MODEL_REVISION", "local"))


# app.py takes `load` from model when it is imported, and builds the application then.
model.load = _load_cached  # type: ignore[assignment]

from app import app  # noqa: E402

__all__ = ["app"]

"""The cache answers what it knows, learns what it does not, and is never in the way."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


class Classifier:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def predict(self, rows: list[list[float]]) -> list[int]:
        self.asked += len(rows)
        return [1 for _ in rows]


@pytest.fixture
def store() -> Iterator[str]:
    """A server that speaks enough of the Redis protocol: GET and SET; +OK to all else. Gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    values: dict[bytes, bytes] = {}

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            while line := stream.readline():
                words = []
                for _ in range(int(line[1:])):
                    size = int(stream.readline()[1:])
                    words.append(stream.read(size + 2)[:-2])
                reply = b"+OK\r\n"
                if words[0].upper() == b"GET":
                    known = values.get(words[1])
                    reply = b"$-1\r\n" if known is None else b"$%d\r\n%s\r\n" % (len(known), known)
                elif words[0].upper() == b"SET":
                    values[words[1]] = words[2]
                elif words[0].upper() == b"HELLO":
                    reply = b"-ERR unknown command\r\n"
                stream.write(reply)
                stream.flush()

    threading.Thread(target=serve, daemon=True).start()
    yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0?protocol=2"
    listener.close()


@pytest.fixture(scope="module")
def cached() -> object:
    os.environ["REDIS_URL"] = "redis://127.0.0.1:1/0"
    import cached

    return cached


def test_a_known_answer_is_not_computed_again(cached, store: str, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("REDIS_URL", store)
    classifier = Classifier()
    first = cached.CachedClassifier(classifier, cached.client(), "1")
    assert first.predict([[6.0, 2.9, 4.5, 1.5]]) == [1] == first.predict([[6.0, 2.9, 4.5, 1.5]])
    assert classifier.asked == 1
    cached.CachedClassifier(classifier, cached.client(), "2").predict([[6.0, 2.9, 4.5, 1.5]])
    assert classifier.asked == 2, "another revision has answers of its own"


def test_without_a_cache_predictions_are_computed(cached, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    classifier = Classifier()
    assert cached.CachedClassifier(classifier, cached.client(), "1").predict([[1.0, 2.0, 3.0, 4.0]]) == [1]


def test_the_article_s_example(cached) -> None:  # type: ignore[no-untyped-def]
    answer = cached.app.test_client().post("/predict", json={"features": [6.0, 2.9, 4.5, 1.5]})
    assert answer.get_json() == {"prediction": [1]}

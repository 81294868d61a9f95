"""The HTTP contract, without a network."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

SETOSA, VERSICOLOR, VIRGINICA = [5.1, 3.5, 1.4, 0.2], [6.0, 2.9, 4.5, 1.5], [6.9, 3.1, 5.4, 2.1]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A server that asks for no API key."""
    from app import create_app

    monkeypatch.delenv("API_KEY_FILE", raising=False)
    return create_app().test_client()


@pytest.mark.parametrize(("features", "species"), [(SETOSA, 0), (VERSICOLOR, 1), (VIRGINICA, 2)])
def test_a_flower_gets_its_species(client: FlaskClient, features: list[float], species: int) -> None:
    answer = client.post("/predict", json={"features": features})
    assert (answer.status_code, answer.json) == (200, {"prediction": [species]})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"features": "5.1"}',
        b'{"features": [1, 2, 3]}',
        b'{"features": [1, 2, 3, 4, 5]}',
        b'{"features": [1, 2, 3, "4"]}',
        b'{"features": [1, 2, 3, true]}',
        b'{"features": [1, 2, 3, null]}',
        b'{"features": [1, 2, 3, NaN]}',
        b'{"features": [1, 2, 3, 1e999]}',
        b'{"features": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_anything_else_is_refused_with_a_sentence(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/predict", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert "feature" in answer.json["error"]


def test_a_body_that_is_too_large_is_refused(client: FlaskClient) -> None:
    answer = client.post("/predict", data=b" " * 70_000, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json["error"]


def test_only_post_predicts(client: FlaskClient) -> None:
    assert client.get("/predict").status_code == 405
    nowhere = client.get("/nowhere")
    assert nowhere.status_code == 404
    assert nowhere.json["error"]


def test_probes_are_different_questions(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json == {"status": "ready", "revision": "test"}


def test_keys_are_asked_for_when_a_key_file_is_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from app import create_app

    keys = tmp_path / "api-keys"
    monkeypatch.setenv("API_KEY_FILE", str(keys))
    client = create_app().test_client()

    def status(*headers: tuple[str, str]) -> int:
        return client.post("/predict", json={"features": SETOSA}, headers=list(headers)).status_code

    # A missing file lets nobody in, and the pod does not become ready.
    assert status(("Authorization", "Bearer first")) == 503
    assert client.get("/readyz").status_code == 503

    keys.write_text("first\n")
    assert client.get("/readyz").status_code == 200
    assert status() == 401
    assert status(("Authorization", "Bearer wrong")) == 401
    assert status(("Authorization", "Basic first")) == 401
    assert status(("Authorization", "Bearer first")) == 200

    # Rotation: both keys for a while, then the new one alone; no restart.
    keys.write_text("second\nfirst\n")
    assert status(("Authorization", "Bearer first")) == status(("Authorization", "Bearer second")) == 200
    keys.write_text("second\n\n")
    assert status(("Authorization", "Bearer first")) == 401
    assert status(("Authorization", "Bearer second")) == 200


def test_probes_and_metrics_need_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from app import create_app

    (tmp_path / "api-keys").write_text("key\n")
    monkeypatch.setenv("API_KEY_FILE", str(tmp_path / "api-keys"))
    client = create_app().test_client()
    assert [client.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [200, 200, 200]


def test_a_missing_model_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from app import create_app

    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="train this revision first"):
        create_app()

"""The model server: POST /predict, and what Kubernetes and Prometheus ask for.

    POST /predict   {"features": [5.1, 3.5, 1.4, 0.2]}  ->  {"prediction": [0]}
    GET  /healthz   200 while the process works (liveness)
    GET  /readyz    200 once the model is loaded and requests can be answered (readiness)
    GET  /metrics   Prometheus text, summed over gunicorn's workers

Environment variables: MODEL_DIR and MODEL_REVISION choose the model; API_KEY_FILE names a file of API keys, and when
it is set every prediction needs one of them (``Authorization: Bearer KEY``).
"""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

from flask import Flask, Response, g, jsonify, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from werkzeug.exceptions import HTTPException

from api_keys import ApiKeys
from model import load, model_path

FEATURES = 4  # sepal length, sepal width, petal length, petal width, in centimetres
LARGEST_BODY = 64 * 1024  # bytes

REQUESTS = Counter("model_requests", "HTTP requests answered", ["endpoint", "status"])
LATENCY = Histogram(
    "model_request_duration_seconds",
    "Time to answer an HTTP request",
    ["endpoint"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
INFO = Gauge("model_info", "The model revision that is loaded", ["revision"], multiprocess_mode="max")


class BadRequest(ValueError):
    """What the caller sent cannot be answered; the text says what to send instead."""


def read_json() -> object:
    """The request's body, None where it is not JSON."""
    try:
        return request.get_json(silent=True)
    except RecursionError:  # brackets in brackets, thousands of them
        return None


def read_features(body: object) -> list[float]:
    """The four measurements of a request's body.

    Raises BadRequest when the body is not {"features": [four finite numbers]}.
    """
    features = body.get("features") if isinstance(body, dict) else None
    if not isinstance(features, list) or len(features) != FEATURES:
        raise BadRequest(f'send {{"features": [{FEATURES} numbers]}} as application/json')
    numbers = []
    for value in features:
        # bool is a subclass of int, and JSON's NaN reaches us as a float: neither is a measurement.
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise BadRequest("every feature has to be a finite number")
        numbers.append(float(value))
    return numbers


def create_app() -> Flask:
    """The application with its model loaded; raises FileNotFoundError when the model is not there."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    classifier = load(model_path())
    key_file = os.environ.get("API_KEY_FILE", "")
    api_keys = ApiKeys(Path(key_file)) if key_file else None
    INFO.labels(os.environ.get("MODEL_REVISION", "local")).set(1)

    @app.before_request
    def start_clock() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        # The route's name, never the path that was asked for: callers must not be able to create label values.
        endpoint = request.endpoint or "unknown"
        REQUESTS.labels(endpoint, str(response.status_code)).inc()
        LATENCY.labels(endpoint).observe(time.perf_counter() - g.started)
        return response

    @app.post("/predict")
    def predict() -> Response | tuple[Response, int]:
        if api_keys is not None and not api_keys.ready():
            return jsonify(error="no API key is configured: nobody can be let in"), 503
        if api_keys is not None and not api_keys.accepts(request.headers.get("Authorization", "")):
            return jsonify(error="send a valid API key as 'Authorization: Bearer KEY'"), 401
        try:
            features = read_features(read_json())
        except BadRequest as error:
            return jsonify(error=str(error)), 400
        return jsonify(prediction=[int(label) for label in classifier.predict([features])])

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> Response | tuple[Response, int]:
        if api_keys is not None and not api_keys.ready():
            return jsonify(status="no API key is configured"), 503
        return jsonify(status="ready", revision=os.environ.get("MODEL_REVISION", "local"))

    @app.get("/metrics")
    def metrics() -> Response:
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)
            return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    @app.errorhandler(HTTPException)
    def explain(error: HTTPException) -> tuple[Response, int]:
        return jsonify(error=error.description), error.code or 500

    return app


app = create_app()

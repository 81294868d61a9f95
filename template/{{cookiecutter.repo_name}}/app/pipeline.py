"""The steps from data to a registered model; a pipeline runs each in a container of its own.

    python pipeline.py ingest      # fetch the data                       -> $WORK_DIR/raw.csv
    python pipeline.py transform   # clean and split it                   -> $WORK_DIR/train.csv, test.csv
    python pipeline.py train       # fit, measure, and write the revision -> $MODEL_DIR/$MODEL_REVISION/
    python pipeline.py register    # tell the model registry of it, where there is one
    python pipeline.py all         # one after the other, in one container

Environment variables: WORK_DIR is a folder that the steps share; MODEL_DIR and MODEL_REVISION name the model that is
written; REGISTRY (mlflow or kubeflow) and REGISTRY_URL say where it is registered, MODEL_NAME under which name.
A candidate serves nobody: it does once a pull request writes its revision into a version.yaml.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model import model_path, save
from train import REQUIRED_ACCURACY, SEED

COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width", "species")
TIMEOUT = 30  # seconds that the registry may take to answer

Row = list[float]


def work_dir() -> Path:
    """The folder that the steps share; made when it is not there."""
    folder = Path(os.environ.get("WORK_DIR", "work"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def ingest() -> None:
    """Write the raw data. Replace this step's source by your own: a warehouse, a bucket, a feature store."""
    features, species = load_iris(return_X_y=True)
    rows = [[*map(float, flower), float(kind)] for flower, kind in zip(features, species, strict=True)]
    _write(work_dir() / "raw.csv", rows)
    print(f"ingested {len(rows)} rows")


def transform() -> None:
    """Drop rows that are incomplete, impossible or there twice, and put a fifth aside for the test."""
    rows = _read(work_dir() / "raw.csv")
    good = sorted({tuple(row) for row in rows if len(row) == len(COLUMNS) and all(value >= 0 for value in row)})
    kinds = [row[-1] for row in good]
    seen, held_out = train_test_split(good, test_size=0.2, random_state=SEED, stratify=kinds)
    _write(work_dir() / "train.csv", seen)
    _write(work_dir() / "test.csv", held_out)
    print(f"kept {len(good)} of {len(rows)} rows: {len(seen)} to train, {len(held_out)} to test")


def train() -> None:
    """Fit the classifier and write it as one revision; a worse one than is asked for is not written."""
    seen, held_out = _read(work_dir() / "train.csv"), _read(work_dir() / "test.csv")
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    classifier.fit([row[:-1] for row in seen], [int(row[-1]) for row in seen])
    answers = classifier.predict([row[:-1] for row in held_out])
    accuracy = float(accuracy_score([int(row[-1]) for row in held_out], answers))
    if accuracy < REQUIRED_ACCURACY:
        raise SystemExit(f"accuracy {accuracy:.3f} is below {REQUIRED_ACCURACY}: no model written")
    save(classifier, model_path())
    _metrics_file().write_text(json.dumps({"accuracy": accuracy, "rows": len(seen)}) + "\n", encoding="utf-8")
    print(f"wrote {model_path()} (accuracy {accuracy:.3f})")


def register() -> None:
    """Tell the registry of the revision; without one, say how to serve it."""
    metrics = json.loads(_metrics_file().read_text(encoding="utf-8"))
    revision, name = os.environ.get("MODEL_REVISION", "local"), os.environ.get("MODEL_NAME", "model")
    registry, url = os.environ.get("REGISTRY", ""), os.environ.get("REGISTRY_URL", "").rstrip("/")
    if registry == "mlflow":
        _register_with_mlflow(url, name, revision, metrics)
    elif registry == "kubeflow":
        _register_with_kubeflow(url, name, revision, metrics)
    elif registry:
        raise SystemExit(f"REGISTRY is {registry!r}: say mlflow or kubeflow")
    print(f"candidate {revision}: to serve it, write modelRevision: {revision} into an overlay's version.yaml")


def _register_with_mlflow(url: str, name: str, revision: str, metrics: dict[str, float]) -> None:
    # MLflow REST API 2.0: a registered model with that name may be there already.
    _post(f"{url}/api/2.0/mlflow/registered-models/create", {"name": name}, ignore="RESOURCE_ALREADY_EXISTS")
    tags = [{"key": key, "value": str(value)} for key, value in {"revision": revision, **metrics}.items()]
    version = {"name": name, "source": model_path().parent.as_uri(), "description": revision, "tags": tags}
    _post(f"{url}/api/2.0/mlflow/model-versions/create", version)


def _register_with_kubeflow(url: str, name: str, revision: str, metrics: dict[str, float]) -> None:
    api = f"{url}/api/model_registry/v1alpha3"
    found = _get(f"{api}/registered_model?name={name}")
    model = found or _post(f"{api}/registered_models", {"name": name})
    properties = {
        key: {"metadataType": "MetadataDoubleValue", "double_value": float(value)} for key, value in metrics.items()
    }
    version = {"name": revision, "registeredModelId": model["id"], "customProperties": properties}
    made = _post(f"{api}/model_versions", version)
    artifact = {"artifactType": "model-artifact", "name": revision, "uri": model_path().parent.as_uri()}
    _post(f"{api}/model_versions/{made['id']}/artifacts", artifact)


def _get(url: str) -> dict[str, str] | None:
    """The answer, or None for 404."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise SystemExit(f"{url} answered {error.code}: {error.read().decode(errors='replace')}") from error


def _post(url: str, body: dict[str, object], ignore: str = "") -> dict[str, str]:
    """The answer; an error that names `ignore` counts as an empty one, any other ends the step."""
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        said = error.read().decode(errors="replace")
        if ignore and ignore in said:
            return {}
        raise SystemExit(f"{url} answered {error.code}: {said}") from error


def _metrics_file() -> Path:
    return model_path().with_name("metrics.json")


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)  # the header
        return [[float(value) for value in row] for row in reader if all(row)]


def _write(path: Path, rows: object) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)


STEPS = {"ingest": ingest, "transform": transform, "train": train, "register": register}


def main() -> int:
    parser = argparse.ArgumentParser(description="From data to a registered model.")
    parser.add_argument("steps", nargs="+", choices=[*STEPS, "all"])
    for step in parser.parse_args().steps:
        for name in STEPS if step == "all" else (step,):
            STEPS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())

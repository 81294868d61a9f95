"""Train the iris classifier and write it as one revision.

    python train.py                      # writes $MODEL_DIR/$MODEL_REVISION/model.joblib
    python train.py --if-missing         # does nothing when that revision is already there
    python train.py --output some/file   # writes exactly there

The data set ships with scikit-learn (no download) and the split into training and test data has a fixed seed, so the
same code and the same lock file give the same model.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from model import model_path, save

SEED = 42
#: A model that does worse on the held-out flowers is not written.
REQUIRED_ACCURACY = 0.9


def train() -> tuple[Pipeline, float]:
    """A fitted classifier and its accuracy (0 to 1) on flowers that it has not seen."""
    features, species = load_iris(return_X_y=True)
    seen, held_out, seen_species, held_out_species = train_test_split(
        features, species, test_size=0.2, random_state=SEED, stratify=species
    )
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(seen, seen_species)
    return classifier, float(accuracy_score(held_out_species, classifier.predict(held_out)))


def main() -> int:
    parser = argparse.ArgumentParser(description="Train the iris classifier and write it as one revision.")
    parser.add_argument("--output", type=Path, help="file to write (default: $MODEL_DIR/$MODEL_REVISION/model.joblib)")
    parser.add_argument("--if-missing", action="store_true", help="do nothing when the file is already there")
    arguments = parser.parse_args()
    output: Path = arguments.output or model_path()

    if arguments.if_missing and output.is_file():
        print(f"{output} is already there: nothing to do")
        return 0
    classifier, accuracy = train()
    if accuracy < REQUIRED_ACCURACY:
        print(f"accuracy {accuracy:.3f} is below {REQUIRED_ACCURACY}: no model written", file=sys.stderr)
        return 1
    save(classifier, output)
    print(f"wrote {output} (accuracy {accuracy:.3f})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

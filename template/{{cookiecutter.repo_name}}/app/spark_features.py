"""Prepares the training data with Spark: the steps `ingest` and `transform` of pipeline.py for data of any size.

    spark-submit spark_features.py INPUT OUTPUT

INPUT is a CSV file or folder with the columns of pipeline.py; a path of any file system that the Spark image supports.
OUTPUT is the folder that `python pipeline.py train` reads as WORK_DIR.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as column

COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width", "species")
SEED = 42


def main() -> int:
    source, target = sys.argv[1], Path(sys.argv[2])
    spark = SparkSession.builder.appName("features").getOrCreate()
    schema = ", ".join(f"{name} DOUBLE" for name in COLUMNS)
    rows = spark.read.csv(source, header=True, schema=schema).dropna().dropDuplicates()
    for name in COLUMNS:
        rows = rows.where(column.col(name) >= 0)
    for name, part in zip(("train", "test"), rows.randomSplit([0.8, 0.2], seed=SEED), strict=True):
        folder = target / f".{name}"
        part.coalesce(1).write.mode("overwrite").csv(folder.as_uri(), header=True)
        # Spark writes a folder of parts; the next step reads one file.
        written = next(folder.glob("part-*.csv"))
        written.replace(target / f"{name}.csv")
        shutil.rmtree(folder)
    spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())

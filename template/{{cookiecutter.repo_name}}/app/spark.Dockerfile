# The image of the Spark driver and executors: docker build --file spark.Dockerfile .
FROM apache/spark:4.0.1-scala2.13-java21-python3-ubuntu
COPY spark_features.py /opt/app/
USER 185

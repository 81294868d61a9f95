#!/bin/sh
# Scan an image file (docker save) with Clair and fail on what can be repaired: critical, and a fixed version exists.
#   ci/scan-with-clair.sh IMAGE.tar
set -eu
image="$(realpath "$1")"
# clair-action is Clair as one program; the database is the one that Clair's project publishes every day.
docker run --rm --volume "$image:/image.tar:ro" \
  quay.io/projectquay/clair-action:v0.0.12@sha256:adfc28d51f08b82978aa6dc41b166b05a2a728fa9643c3a1b73b2032f18e7c30 \
  clair-action report --image-path=/image.tar --format=clair \
  --db-url=https://clair-sqlite-db.s3.amazonaws.com/matcher.zst > clair.json
jq --raw-output '.vulnerabilities[] | select(.normalized_severity == "Critical" and .fixed_in_version != "")
  | "\(.name) \(.package.name // ""): fixed in \(.fixed_in_version)"' clair.json | sort -u > fixable.txt
cat fixable.txt
if [ -s fixable.txt ]; then
  echo "$(wc -l < fixable.txt) critical findings that have a fix" >&2
  exit 1
fi

#!/bin/sh
# Takes a snapshot of the claim $CLAIM with the class $SNAPSHOT_CLASS, waits until it can be used, and deletes all but the
# newest $KEEP. Runs in $NAMESPACE; any failure ends it, and then nothing is deleted.
set -eu
name="$CLAIM-$(date -u +%Y%m%d-%H%M%S)"
kubectl --namespace "$NAMESPACE" create --filename - <<OBJECT
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata:
  name: $name
  labels: {snapshot-of: $CLAIM}
spec:
  volumeSnapshotClassName: $SNAPSHOT_CLASS
  source: {persistentVolumeClaimName: $CLAIM}
OBJECT
kubectl --namespace "$NAMESPACE" wait --for jsonpath='{.status.readyToUse}'=true "volumesnapshot/$name" --timeout 30m
# Oldest first.
all="$(kubectl --namespace "$NAMESPACE" get volumesnapshots --selector "snapshot-of=$CLAIM" \
  --sort-by .metadata.creationTimestamp --output name)"
total="$(echo "$all" | wc -l)"
if [ "$total" -gt "$KEEP" ]; then
  echo "$all" | head -n "$((total - KEEP))" | while read -r old; do
    kubectl --namespace "$NAMESPACE" delete "$old"
  done
fi

"""What stands in for controllers that cannot run here, because they need a cloud, a gateway or containers.

Everything that a test sees of these kinds is what the API server and Argo CD make of the object; that the real
controller would be content with it is not shown. STAND_INS names each kind and why it is here.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.acceptance.cluster import Cluster

Object = dict[str, Any]
#: The one Gateway there is, which the platform team provides. Routes to another one are refused.
GATEWAY = {"namespace": "gateway-system", "name": "shared"}


@dataclass(frozen=True)
class StandIn:
    """Why a kind's controller does not run here, the status that it would set, and the objects that it would make."""

    why: str
    status: Callable[[Object], Object]
    makes: Callable[[Object], list[Object]] = lambda _: []


def _condition(kind: str, status: str = "True", reason: str = "", **more: Any) -> Object:
    return {
        "type": kind, "status": status, "reason": reason or kind, "message": "set by the acceptance test",
        "lastTransitionTime": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), **more,
    }  # fmt: skip


def _ready(data: Object) -> Object:
    del data
    return {"conditions": [_condition("Ready")]}


def _route(data: Object) -> Object:
    parents = []
    for parent in data["spec"].get("parentRefs", []):
        generation = {"observedGeneration": data["metadata"]["generation"]}
        accepted = _condition("Accepted", **generation)
        if {key: parent.get(key) for key in GATEWAY} != GATEWAY:
            accepted |= {
                "status": "False",
                "reason": "NoMatchingParent",
                "message": "there is no such Gateway",
            }
        conditions = [accepted, _condition("ResolvedRefs", **generation)]
        parents.append(
            {"parentRef": parent, "controllerName": "example.com/stand-in", "conditions": conditions}
        )
    return {"parents": parents}


def _scaled_object(data: Object) -> Object:
    target = data["spec"]["scaleTargetRef"]
    return {
        "conditions": [_condition("Ready"), _condition("Active"), _condition("Fallback", "False")],
        "hpaName": f"keda-hpa-{data['metadata']['name']}",
        "scaleTargetKind": f"{target['apiVersion']}.{target['kind']}",
    }


def _autoscaler(data: Object) -> list[Object]:
    """What KEDA makes of a ScaledObject (controllers/keda/hpa.go): labels and annotations are handed on."""
    metadata, spec = data["metadata"], data["spec"]
    owner = {key: data[key] for key in ("apiVersion", "kind")} | {
        key: metadata[key] for key in ("name", "uid")
    }
    name = f"keda-hpa-{metadata['name']}"
    metrics = [
        {
            "type": "External",
            "external": {
                "metric": {
                    "name": f"s{index}-{trigger['type']}",
                    "selector": {"matchLabels": {"scaledobject.keda.sh/name": metadata["name"]}},
                },
                "target": {"type": "AverageValue", "averageValue": trigger["metadata"]["threshold"]},
            },
        }
        for index, trigger in enumerate(spec["triggers"])
    ]
    return [
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {
                "name": name,
                "namespace": metadata["namespace"],
                "labels": {"app.kubernetes.io/name": name, **metadata.get("labels", {})},
                "annotations": metadata.get("annotations", {}),
                "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
            },
            "spec": {
                "minReplicas": spec["minReplicaCount"],
                "maxReplicas": spec["maxReplicaCount"],
                "scaleTargetRef": spec["scaleTargetRef"],
                "behavior": spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"],
                "metrics": metrics,
            },
        }
    ]


def _inference_service(data: Object) -> Object:
    del data
    return {
        "conditions": [_condition(kind) for kind in ("IngressReady", "PredictorReady", "Ready")],
        "modelStatus": {"transitionStatus": "UpToDate", "states": {"activeModelState": "Loaded"}},
    }


def _collector(data: Object) -> Object:
    number = data["spec"]["replicas"]
    return {"scale": {"replicas": number, "statusReplicas": f"{number}/{number}"}}


def _elasticsearch(data: Object) -> Object:
    number = sum(item["count"] for item in data["spec"]["nodeSets"])
    return {"availableNodes": number, "phase": "Ready", "health": "green", "version": data["spec"]["version"]}


_GATEWAY = "a gateway is a container with a load balancer"
#: By API version and kind.
STAND_INS: dict[tuple[str, str], StandIn] = {
    ("external-secrets.io/v1", "ExternalSecret"): StandIn("there is no secret store to read", _ready),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): StandIn(_GATEWAY, _route),
    ("gateway.networking.k8s.io/v1", "GRPCRoute"): StandIn(_GATEWAY, _route),
    ("keda.sh/v1alpha1", "ScaledObject"): StandIn(
        "there is no Prometheus to ask", _scaled_object, _autoscaler
    ),
    ("serving.kserve.io/v1beta1", "InferenceService"): StandIn(
        "KServe waits for the servers that it starts to load the model", _inference_service
    ),
    ("opentelemetry.io/v1beta1", "OpenTelemetryCollector"): StandIn(
        "its module is not on the proxy", _collector
    ),
    ("elasticsearch.k8s.elastic.co/v1", "Elasticsearch"): StandIn(
        "ECK waits for the servers that it starts", _elasticsearch
    ),
}


class StandIns:
    """Plays the controllers of STAND_INS: sets status and makes objects within two seconds, until `close`.

    `errors` holds what does not work at the moment, by object.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.errors: dict[str, str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stand-ins", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(1):
            errors = {}
            for (version, kind), stand_in in STAND_INS.items():
                try:
                    for item in self.cluster.items(version, kind):
                        if problem := self._act(item, stand_in):
                            errors[f"{kind} {item['metadata']['namespace']}/{item['metadata']['name']}"] = (
                                problem
                            )
                except (OSError, AssertionError) as error:
                    errors[kind] = str(error)
            self.errors = errors

    def _act(self, item: Object, stand_in: StandIn) -> str:
        if "deletionTimestamp" in item["metadata"]:
            return ""
        for made in stand_in.makes(item):
            metadata = made["metadata"]
            if (
                self.cluster.read(made["apiVersion"], made["kind"], metadata["name"], metadata["namespace"])
                is None
            ):
                answer = self.cluster.create(made)
                if not answer.ok:
                    return f"{made['kind']}: {answer.message}"
        status = stand_in.status(item)
        if _holds(item.get("status"), status):
            return ""
        answer = self.cluster.merge(item, {"status": status}, part="status")
        if answer.status == 404:  # deleted meanwhile
            return ""
        if not answer.ok:
            return answer.message
        kept = answer.body.get("status")
        return "" if _holds(kept, status) else f"the API server keeps another status: {kept}"


def _holds(found: Any, wanted: Any) -> bool:
    """Whether a status has what is wanted, whatever the API server has filled in besides; times do not count."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            key == "lastTransitionTime" or _holds(found.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_holds, found, wanted))
    return bool(found == wanted)

"""The model server, as far as it is the same in every environment: its workload, GPU, path and metrics."""

from __future__ import annotations

from dataclasses import dataclass

from kustodian_template.environments import Answers

#: The slice of a GPU that accelerator nvidia-mig asks for: a seventh of its cores.
MIG_PROFILE = "1g.10gb"


def gpu_resource(answers: Answers) -> str:
    """The resource by which a container requests its GPU; empty without a GPU, or if it claims one."""
    match answers["accelerator"]:
        case "nvidia" | "nvidia-time-slicing":
            return "nvidia.com/gpu"
        case "nvidia-mig":
            # GKE partitions all GPUs of a pool alike, and calls a slice a GPU.
            return "nvidia.com/gpu" if answers["platform"] == "gke" else f"nvidia.com/mig-{MIG_PROFILE}"
        case "amd":
            return "amd.com/gpu"
    return ""


def gpu_quota_key(answers: Answers) -> str:
    """The ResourceQuota's key for GPUs; empty without an accelerator."""
    if answers["accelerator"] == "nvidia-dra":
        return "gpu.nvidia.com.deviceclass.resource.k8s.io/devices"
    resource = gpu_resource(answers)
    return f"requests.{resource}" if resource else ""


#: The steps of a canary before the last: its share of the traffic, in percent.
CANARY_WEIGHTS = (10, 25, 50)


def workload(answers: Answers) -> dict[str, str]:
    """The workload that an autoscaler scales: the Deployment, or the Rollout that takes its pods from it."""
    if answers["rollout"] == "rolling":
        return {"apiVersion": "apps/v1", "kind": "Deployment"}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"}


def range_file(answers: Answers) -> str:
    """The file of an overlay that sets the number of servers."""
    if answers["runtime"] == "kserve":
        return "patches/server.yaml"
    if answers["autoscaling"] == "none":
        return "kustomization.yaml" if answers["rollout"] == "rolling" else "patches/rollout.yaml"
    return "patches/scaled-object.yaml" if answers["autoscaling"] == "keda" else "patches/autoscaler.yaml"


def canary_routes(answers: Answers) -> list[str]:
    """The HTTPRoutes whose weights a canary changes."""
    if answers["rollout"] != "canary":
        return []
    name = answers["model_name"]
    routes = {name: answers["exposure"] == "gateway-api", f"{name}-mesh": answers["mesh"] == "linkerd"}
    return [route for route, is_there in routes.items() if is_there]


def fetches_model(answers: Answers) -> bool:
    """Whether each server copies the model from a bucket when it starts (KServe does that itself)."""
    return answers["model_storage"] in ("s3", "gcs") and answers["runtime"] != "kserve"


def endpoint(answers: Answers) -> dict[str, str]:
    """The endpoint for predictions: its path, the path's type in a route and in an Ingress, the method."""
    exact = {"type": "Exact", "ingress": "Exact", "method": "POST"}
    match answers["runtime"]:
        case "vllm":
            return {"path": "/v1", "type": "PathPrefix", "ingress": "Prefix", "method": ""}
        case "triton":
            return {"path": "/v2/models", "type": "PathPrefix", "ingress": "Prefix", "method": ""}
        case "kserve":
            return {"path": f"/v1/models/{answers['model_name']}:predict", **exact}
    return {"path": "/predict", **exact}


def has_api_keys(answers: Answers) -> bool:
    """Whether the server itself checks API keys."""
    return answers["runtime"] in ("python", "vllm", "custom")


@dataclass(frozen=True)
class Signals:
    """Queries about the servers, as PromQL in which SELECTOR stands for label matchers.

    `load` is the present load of all servers together, `target` the load that one server should have. The
    Prometheus adapter serves the load of each pod as `metric`.
    """

    errors: str
    latency: str
    latency_limit: str
    load: str
    target: str
    metric: str


@dataclass(frozen=True)
class Promises:
    """The two ratios of a server's error budget, as PromQL with the placeholders SELECTOR and WINDOW.

    `errors` is the share of failed requests, `slow` the share of those slower than `limit`; empty if the
    server does not count them.
    """

    errors: str
    slow: str
    limit: str


def _ratio(bad: str, all_: str) -> str:
    return f"sum by (namespace) (rate({bad}[WINDOW]))\n/\nsum by (namespace) (rate({all_}[WINDOW]))"


def _slower(histogram: str, matchers: str, bound: str) -> str:
    fast, count = f'{histogram}_bucket{{{matchers},le="{bound}"}}', f"{histogram}_count{{{matchers}}}"
    inner = _ratio(fast, count).replace("\n", "\n  ")
    return f"1 - (\n  {inner}\n)"


_PREDICT = 'SELECTOR,endpoint="predict"'
_PROMISES = {
    "python": Promises(
        _ratio(f'model_requests_total{{{_PREDICT},status=~"5.."}}', f"model_requests_total{{{_PREDICT}}}"),
        _slower("model_request_duration_seconds", _PREDICT, "0.25"),
        "250 ms",
    ),
    "vllm": Promises(
        _ratio('http_requests_total{SELECTOR,status="5xx"}', "http_requests_total{SELECTOR}"),
        _slower("vllm:time_to_first_token_seconds", "SELECTOR", "2.5"),
        "2.5 s (the first token)",
    ),
    "triton": Promises(
        "sum by (namespace) (rate(nv_inference_request_failure{SELECTOR}[WINDOW]))\n/\n(\n"
        "  sum by (namespace) (rate(nv_inference_request_failure{SELECTOR}[WINDOW]))\n"
        "  + sum by (namespace) (rate(nv_inference_request_success{SELECTOR}[WINDOW]))\n)",
        "",  # it counts microseconds, without a histogram
        "",
    ),
    "kserve": Promises("", _slower("request_predict_seconds", "SELECTOR", "0.25"), "250 ms"),
}


def promises(answers: Answers, selector: str, window: str) -> Promises:
    """The ratios of the runtime's server, for the series of `selector`, over a window such as `5m`."""
    found = _PROMISES.get(answers["runtime"], _PROMISES["python"])
    return Promises(
        **{
            key: text.replace("SELECTOR", selector).replace("WINDOW", window)
            for key, text in vars(found).items()
        }
    )


_REQUESTS = Signals(
    errors='sum(rate(model_requests_total{SELECTOR,endpoint="predict",status=~"5.."}[2m]))'
    ' / sum(rate(model_requests_total{SELECTOR,endpoint="predict"}[2m]))',
    latency="histogram_quantile(0.95, sum by (le)"
    ' (rate(model_request_duration_seconds_bucket{SELECTOR,endpoint="predict"}[2m])))',
    latency_limit="0.25",
    load='sum(rate(model_requests_total{SELECTOR,endpoint="predict"}[2m]))',
    target="50",
    metric="model_requests_per_second",
)
_SIGNALS = {
    "python": _REQUESTS,
    # A custom image has to export the metrics of the sample application.
    "custom": _REQUESTS,
    "vllm": Signals(
        errors='sum(rate(http_requests_total{SELECTOR,status="5xx"}[2m]))'
        " / sum(rate(http_requests_total{SELECTOR}[2m]))",
        # Time to the first token.
        latency="histogram_quantile(0.95, sum by (le)"
        " (rate(vllm:time_to_first_token_seconds_bucket{SELECTOR}[2m])))",
        latency_limit="2",
        load="sum(vllm:num_requests_waiting{SELECTOR})",
        target="5",
        metric="vllm_num_requests_waiting",
    ),
    "triton": Signals(
        errors="sum(rate(nv_inference_request_failure{SELECTOR}[2m]))"
        " / (sum(rate(nv_inference_request_success{SELECTOR}[2m]))"
        " + sum(rate(nv_inference_request_failure{SELECTOR}[2m])))",
        # The mean, in seconds: Triton has no histogram.
        latency="sum(rate(nv_inference_request_duration_us{SELECTOR}[2m]))"
        " / sum(rate(nv_inference_request_success{SELECTOR}[2m])) / 1e6",
        latency_limit="0.25",
        load="sum(nv_inference_pending_request_count{SELECTOR})",
        target="10",
        metric="nv_inference_pending_request_count",
    ),
}


def signals(answers: Answers, selector: str) -> Signals:
    """The signals of the runtime's server, for the series of `selector`."""
    found = _SIGNALS.get(answers["runtime"], _REQUESTS)
    return Signals(**{key: value.replace("SELECTOR", selector) for key, value in vars(found).items()})

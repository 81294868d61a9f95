"""Shared memory is too small for the server, or a memory volume is larger than the pod's memory.

Why: A container gets 64 MiB of /dev/shm by default, and processes that exchange tensors there die with a
    bus error; a memory volume without a limit gets the pod killed.

Fix: Mount an `emptyDir: {medium: Memory, sizeLimit: 2Gi}` at /dev/shm, and raise the memory limit by that
    size.

Wrong:
    containers: [{name: server, resources: {limits: {nvidia.com/gpu: 2, memory: 32Gi}}}]

Right:
    containers:
      - name: server
        volumeMounts: [{name: shm, mountPath: /dev/shm}]
        resources: {limits: {nvidia.com/gpu: 2, memory: 32Gi}}
    volumes: [{name: shm, emptyDir: {medium: Memory, sizeLimit: 2Gi}}]

Options:
    minimum: smallest /dev/shm of a server with several processes.

Notes: A container is assumed to run several processes if it has two GPUs or more (NCCL, data loaders), if
    its arguments set tensor parallelism or shards to two or more, or if it runs vLLM or SGLang on a GPU,
    whose engine, tokenizer and workers are separate processes. Pods with hostIPC use the node's /dev/shm
    and are not checked, nor are pods that a controller completes; TPUs and Neuron devices do not share
    memory this way. In every pod, a memory emptyDir without sizeLimit may grow to the pod's memory limit,
    or without one to the node's memory. Its content counts as memory of the container that wrote it, so a
    sizeLimit above the sum of the memory limits of the containers that mount it can never be used: the
    kernel kills the writer first.

Source: Kubernetes documentation v1.34, "Volumes",
    https://kubernetes.io/docs/concepts/storage/volumes/#emptydir; vLLM, "Using Kubernetes",
    https://docs.vllm.ai/en/latest/deployment/k8s.html; NVIDIA, NCCL troubleshooting (shared memory),
    https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/troubleshooting.html#shared-memory
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from fractions import Fraction

from kustodian.kubernetes.accelerators import container_accelerators, vendor_of
from kustodian.kubernetes.pod_resources import container_limit, container_request, format_amount, pod_level
from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.kubernetes.serving.model_servers import (
    MULTI_PROCESS_ENGINES,
    command_words,
    engine_of,
    flag_value,
)
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.json_value import FieldPath, JsonObject, mapping, mappings, text, whole_number
from kustodian.model.measure import Amount, Exactly, Measure
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, PodRule, Worse

_PARALLEL_FLAGS = (
    "--tensor-parallel-size", "-tp", "--tp", "--tp-size", "--tp_size", "--num-shard", "--num-shards",
    "--pipeline-parallel-size", "-pp", "--nproc_per_node", "--nproc-per-node",
)  # fmt: skip
_NO_SHARED_MEMORY = frozenset({"Google TPU", "AWS Neuron"})


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container with too little /dev/shm, and for each unbounded memory volume."""
    volumes = {text(volume.get("name")): (path, volume) for path, volume in pod.volumes}
    if not (pod.partial or pod.is_windows or pod.spec.get("hostIPC") is True):
        for container in pod.containers:
            if container.long_running and _has_several_processes(container):
                yield from _shared_memory(container, volumes, context)
    for path, volume in volumes.values():
        empty = mapping(volume.get("emptyDir"))
        if empty.get("medium") == "Memory":
            problem = _volume_problem(pod, text(volume.get("name")), empty, context)
            if problem is not None:
                measure = _volume_measure(empty)
                yield Violation((*path, "emptyDir", "sizeLimit"), problem, measure=measure)


def _has_several_processes(container: Container) -> bool:
    gpus = [
        container_request(container, resource) or Fraction(0)
        for resource in container_accelerators(container)
        if (vendor := vendor_of(resource)) is not None and vendor.name not in _NO_SHARED_MEMORY
    ]
    words = command_words(container)
    values = (flag_value(words, flag) or "" for flag in _PARALLEL_FLAGS)
    parallel = any((whole_number(value) or 0) >= 2 for value in values)
    return parallel or sum(gpus) >= 2 or (bool(gpus) and engine_of(container) in MULTI_PROCESS_ENGINES)


def _volume_measure(empty: JsonObject) -> Measure:
    """The size of a volume in memory; without a limit it is as large as the node's."""
    size = parse_quantity(empty.get("sizeLimit"))
    return Exactly("no limit") if not size else Amount(size, str(empty.get("sizeLimit")))


def _shared_memory(
    container: Container, volumes: dict[str, tuple[FieldPath, JsonObject]], context: Context
) -> Iterator[Violation]:
    mounts = [mount for _, mount in mappings(container.data.get("volumeMounts"))]
    mount = next((m for m in mounts if posixpath.normpath(text(m.get("mountPath"))) == "/dev/shm"), None)
    if mount is None:
        message = f"{container} runs several processes with the default /dev/shm of 64Mi"
        yield Violation((*container.path, "volumeMounts"), message, measure=Amount(0, "64Mi"))
        return
    path, volume = volumes.get(text(mount.get("name")), ((), {}))
    size = mapping(volume.get("emptyDir")).get("sizeLimit")
    amount, least = parse_quantity(size), parse_quantity(context.options["minimum"])
    if amount is not None and least is not None and 0 < amount < least:
        message = f"{container} runs several processes with a /dev/shm of {size}"
        measure = Amount(-amount, str(size))
        yield Violation((*path, "emptyDir", "sizeLimit"), message, measure=measure)


def _volume_problem(pod: PodTemplate, name: str, empty: JsonObject, context: Context) -> str | None:
    written = empty.get("sizeLimit")
    size = parse_quantity(written)
    if written is None or size == 0:
        return f'volume "{name}" is kept in memory without a sizeLimit'
    users = [
        c
        for c in pod.containers
        if any(mount.get("name") == name for _, mount in mappings(c.data.get("volumeMounts")))
    ]
    limits = [container_limit(c, "memory") for c in users]
    available: Fraction | None = None
    if limits and all(limits):
        available = sum((limit for limit in limits if limit is not None), Fraction(0))
    whole = pod_level(pod, "limits", "memory", context.version)
    if whole is not None:
        available = whole if available is None else min(available, whole)
    if available is not None and size is not None and size > available:
        limit = format_amount(available, "memory")
        return f'volume "{name}" may take {written} of memory, but the containers that mount it get {limit}'
    return None


RULE = PodRule(
    id="small-shared-memory",
    topic="gpu",
    severity="W/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("ml", "reliability"),
    options={"minimum": Option("1Gi", "smallest /dev/shm of a server with several processes")},
)

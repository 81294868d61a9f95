"""The most that the servers of an environment use: their number, GPUs and scratch space."""

from __future__ import annotations

from itertools import pairwise

from kustodian_template.answers.quantities import total_size
from kustodian_template.environments import Answers, environments
from kustodian_template.server import CANARY_WEIGHTS, fetches_model, gpu_resource


def uses_gpu(answers: Answers, name: str) -> bool:
    """Whether the servers of an environment use a GPU."""
    return answers["accelerator"] != "none" and bool(environments(answers)[name]["gpu"])


_MIG_SLICES_PER_GPU = 7


def gpu_budget(answers: Answers, name: str) -> int:
    """The number of whole GPUs that an environment may use during a rollout."""
    if not uses_gpu(answers, name):
        return 0
    count = most_servers(answers, name)
    if "mig-" in gpu_resource(answers):
        return -(-count // _MIG_SLICES_PER_GPU)
    return count


def gpu_words(answers: Answers) -> str:
    """The GPU of a server, in words; empty if no environment uses GPUs."""
    if not any(uses_gpu(answers, name) for name in environments(answers)):
        return ""
    words = {
        "nvidia-mig": "1 slice of an NVIDIA GPU",
        "nvidia-time-slicing": "turns on an NVIDIA GPU",
        "amd": "1 AMD GPU",
    }
    return words.get(answers["accelerator"], "1 NVIDIA GPU")


def surge(answers: Answers, name: str) -> int:
    """The number of servers beyond replicas_max that may run during a rollout."""
    count = int(environments(answers)[name]["replicas_max"])
    match answers["rollout"]:
        case "blue-green":
            return count
        case "canary":
            weights = (0, *CANARY_WEIGHTS, 100)
            # Old servers leave as the share grows (dynamicStableScale), after the new ones have started.
            steps = pairwise(weights)
            return max(-(-count * new // 100) - (-count * (100 - old) // 100) - count for old, new in steps)
    # On GPUs a server leaves before its successor starts.
    return 0 if uses_gpu(answers, name) else 1


def most_servers(answers: Answers, name: str) -> int:
    """The largest number of servers that an environment ever runs."""
    return int(environments(answers)[name]["replicas_max"]) + surge(answers, name)


def scratch(answers: Answers, name: str) -> str:
    """The ephemeral storage of one server, with room for its copy of the model if it makes one."""
    settings = environments(answers)[name]
    extra = settings["model_storage_size"] if fetches_model(answers) else "0Mi"
    return total_size(settings["ephemeral_storage"], 1, extra)

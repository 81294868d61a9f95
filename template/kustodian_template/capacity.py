"""What the servers of an environment take at most: how many run, their GPUs, their scratch space."""

from __future__ import annotations

from itertools import pairwise

from kustodian_template.environments import Answers, environments
from kustodian_template.quantities import total_size
from kustodian_template.server import CANARY_WEIGHTS, fetches_model, gpu_resource


def uses_gpu(answers: Answers, name: str) -> bool:
    """Whether an environment's servers ask for a GPU: it has a pool, and the repository an accelerator."""
    return answers["accelerator"] != "none" and bool(environments(answers)[name]["gpu"])


_MIG_SLICES_PER_GPU = 7


def gpu_budget(answers: Answers, name: str) -> int:
    """The GPUs, whole ones, that an environment may take while a new version rolls out."""
    if not uses_gpu(answers, name):
        return 0
    count = most_servers(answers, name)
    if "mig-" in gpu_resource(answers):
        return -(-count // _MIG_SLICES_PER_GPU)
    return count


def gpu_words(answers: Answers) -> str:
    """What a server gets of a GPU, in words; empty where no environment has a pool."""
    if not any(uses_gpu(answers, name) for name in environments(answers)):
        return ""
    words = {
        "nvidia-mig": "1 slice of an NVIDIA GPU",
        "nvidia-time-slicing": "turns on an NVIDIA GPU",
        "amd": "1 AMD GPU",
    }
    return words.get(answers["accelerator"], "1 NVIDIA GPU")


def surge(answers: Answers, name: str) -> int:
    """How many servers more than replicas_max run at most while a new version replaces the old one."""
    count = int(environments(answers)[name]["replicas_max"])
    match answers["rollout"]:
        case "blue-green":
            return count
        case "canary":
            weights = (0, *CANARY_WEIGHTS, 100)
            # Old servers leave as the share grows (dynamicStableScale), once the new ones are there.
            steps = pairwise(weights)
            return max(-(-count * new // 100) - (-count * (100 - old) // 100) - count for old, new in steps)
    # On GPUs one server leaves before the next one comes.
    return 0 if uses_gpu(answers, name) else 1


def most_servers(answers: Answers, name: str) -> int:
    """The most servers that an environment ever runs."""
    return int(environments(answers)[name]["replicas_max"]) + surge(answers, name)


def scratch(answers: Answers, name: str) -> str:
    """The ephemeral storage of one server: its own, and the copy of the model where it makes one."""
    settings = environments(answers)[name]
    extra = settings["model_storage_size"] if fetches_model(answers) else "0Mi"
    return total_size(settings["ephemeral_storage"], 1, extra)

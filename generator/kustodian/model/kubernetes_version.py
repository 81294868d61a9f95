"""The Kubernetes version that is assumed if the configuration names none."""

from __future__ import annotations

DEFAULT_KUBERNETES_VERSION = "1.34"

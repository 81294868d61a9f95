"""How gunicorn runs the model server in the container: ``gunicorn app:app`` reads this file by itself.

The root file system is read-only there. Everything that is written goes to /tmp and /dev/shm, both sized volumes.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

bind = f"0.0.0.0:{os.environ.get('PORT', '8080')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))

# Load the model once, before the workers fork: they share its memory, and the port opens only when it can answer.
preload_app = True

# A worker's heartbeat file must not lie on a disk that can stall.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None

# On SIGTERM finish what has begun. The Deployment's grace period is longer than preStop plus this.
graceful_timeout = 30
timeout = 60
keepalive = 75  # longer than a gateway keeps its own idle connections, so that it never picks a closed one

# gunicorn's control socket would be written below $HOME, which is read-only; Kubernetes sends signals instead.
control_socket_disable = True

accesslog = "-"
access_log_format = '{"remote":"%(h)s","request":"%(r)s","status":%(s)s,"bytes":%(B)s,"seconds":%(L)s}'

# prometheus_client reads this variable when it is imported, so it is set before the application is.
_metrics = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", "/tmp/prometheus"))
# Counts of an earlier run in the same volume would be added to ours.
shutil.rmtree(_metrics, ignore_errors=True)
_metrics.mkdir(parents=True)


def child_exit(server: object, worker: object) -> None:
    """Forget the gauges of a worker that has ended; gunicorn calls this."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[attr-defined]

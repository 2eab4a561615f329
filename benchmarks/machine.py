"""The conditions of a fair comparison, and the words that say what they were.

Everything runs on one thread. A variable such as OPENBLAS_CORETYPE, which some machines set, holds NumPy's
BLAS back to an older processor's instructions and leaves its peers alone, so it is taken away before NumPy
is loaded.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
HELD_BACK = ("OPENBLAS_CORETYPE",)
PACKAGES = ("numpy", "scipy", "torch", "onnxruntime")


def start_fairly() -> None:
    """Start this process again with one thread and a free BLAS, unless that is how it runs already.

    Call it before anything imports NumPy: BLAS reads these variables once.
    """
    wrong = [name for name in HELD_BACK if name in os.environ]
    if not wrong and all(os.environ.get(name) == value for name, value in ONE_THREAD.items()):
        return
    for name in wrong:
        print(f"{name}={os.environ[name]} would hold NumPy's BLAS back; measuring without it", flush=True)
    kept = {name: value for name, value in os.environ.items() if name not in HELD_BACK}
    os.execve(sys.executable, sys.orig_argv, kept | ONE_THREAD)


def description() -> list[str]:
    """Lines of Markdown: the processor, the versions, and each library's instructions and threads."""
    from threadpoolctl import threadpool_info

    versions = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    lines = [
        f"* {_processor()}, {os.cpu_count()} cores; load average {load}",
        f"* Python {platform.python_version()}, " + ", ".join(versions),
    ]
    for pool in threadpool_info():
        words = [str(pool[key]) for key in ("internal_api", "version", "architecture") if pool.get(key)]
        library = Path(pool["filepath"]).name
        lines.append(f"* {' '.join(words)}, {pool['num_threads']} thread ({library})")
    return lines


def _processor() -> str:
    """The processor's name as the system gives it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()

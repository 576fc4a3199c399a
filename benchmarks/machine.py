"""What machine, and which versions, figures belong to."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

PEERS = ("curl", "jq", "less", "lnav", "rg")
PACKAGES = ("batchtui", "anthropic", "httpx", "msgspec", "textual")


def describe() -> str:
    """Cores, processor, memory, Python, packages and peers, as a Markdown list; no names, no paths."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    peers = ", ".join(f"{name} {_peer_version(name)}" for name in PEERS)
    return "\n".join(
        (
            f"- {os.cpu_count()} cores ({_cpu()}), {_memory():.0f} GB of memory, {platform.system()}",
            f"- {platform.python_implementation()} {platform.python_version()}; {packages}",
            f"- peers: {peers}",
        )
    )


def _cpu() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return found[1] if found else platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def _peer_version(name: str) -> str:
    if not shutil.which(name):
        return "not installed"
    told = subprocess.run([name, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\d[\d.]*", told.stdout + told.stderr)
    return found[0] if found else "?"

"""Running commands as scripts do, against the sandbox in which time stands still."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from batchtui.sandbox import Embedded


class Call(Protocol):
    """Runs batchtui in a process of its own, without a terminal.

    Words `before` come before its name; `env` comes on top of the usual.
    """

    def __call__(
        self, *words: str, before: Sequence[str] = (), **env: str
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def call(frozen_sandbox: Embedded, tmp_path: Path) -> Call:
    """Runs batchtui as a script does; its cache is in `tmp_path / "cache"`."""
    usual = {
        "ANTHROPIC_API_KEY": frozen_sandbox.api_key,
        "ANTHROPIC_BASE_URL": frozen_sandbox.base_url,
        "BATCHTUI_CACHE_DIR": str(tmp_path / "cache"),
    }

    def run(*words: str, before: Sequence[str] = (), **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*before, sys.executable, "-m", "batchtui", *words],
            env=os.environ | usual | env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    return run


def requests_file(server: Embedded, batch_id: str, folder: Path) -> Path:
    """A file of requests such as a batch of the sandbox may have come from."""
    headers = {"x-api-key": server.api_key, "anthropic-version": "2023-06-01"}
    url = f"{server.base_url}/v1/messages/batches/{batch_id}/results"
    results = httpx.get(url, headers=headers).text.splitlines()
    message = {"role": "user", "content": "Good morning."}
    params = {"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": [message]}
    requests = [{"custom_id": json.loads(result)["custom_id"], "params": params} for result in results]
    path = folder / "requests.jsonl"
    path.write_text("".join(json.dumps(request) + "\n" for request in requests), encoding="utf-8")
    return path


@pytest.fixture
def refused(call: Call) -> Call:
    """Likewise, for what must fail: with one sentence on stderr, nothing on stdout, and no traceback."""

    def run(*words: str, before: Sequence[str] = (), **env: str) -> subprocess.CompletedProcess[str]:
        done = call(*words, before=before, **env)
        assert done.returncode not in (0, None)
        assert done.stdout == ""
        assert done.stderr.startswith("batchtui: ")
        assert "Traceback" not in done.stderr
        return done

    return run

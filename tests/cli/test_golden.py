"""What `--json` prints is a contract: each format is held by a file in `golden/`.

After a change that is meant: `.venv/bin/python -m pytest tests/cli/test_golden.py --snapshot-update`.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from batchtui.sandbox import Embedded
from tests.cli.conftest import Call, requests_file

GOLDEN = Path(__file__).parent / "golden"
BATCH = "msgbatch_0191VkeBbJhebe0jUqZo6PT4"
"""5,000 results of the sandbox's first seed, 19 of which failed."""
CLEAN, CANCELED = "msgbatch_01xRwFKgo6Cnmi8spKCz8Rrr", "msgbatch_01tWUcXYjdsC92iNEZDBTuSe"
"""Two of three requests each: all of one succeeded, one of the other was canceled."""
NARRATING = {"create": 0, "create--plan": 0, "create--faults": 1, "resubmit--plan": 0}
"""Those that say more on stderr, with their exit codes."""
COMMANDS = {
    "list": "list --limit 3 --json",
    "watch": f"watch {CLEAN} --json",
    "create": "--demo create REQUESTS --yes --json",
    "create--plan": "create REQUESTS --dry-run --json",
    "create--faults": "create FAULTY --dry-run --json",
    "resubmit--plan": f"resubmit {CANCELED} --dry-run --json",
    "cost": f"cost {CLEAN} --json",
    "show": f"show {BATCH} --json",
    "search": f"search {BATCH} overloaded --json",
    "errors": f"errors {BATCH} --json",
    "cache-info": "cache info --json",
    "cache-verify": "cache verify --json",
    "config-show": "config show --json",
    "doctor": "doctor --json",
}
VOLATILE = (
    (r'"id": "msgbatch_\w+", "requests"', '"id": "<new batch>", "requests"'),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", "<time>"),
    (r"req_\w+", "<request id>"),
    (r"\b(?<!msgbatch_)[0-9a-f]{16}\b", "<workspace>"),
    (r"in \d+ ms", "in <milliseconds>"),
    (r'bytes": \d+', 'bytes": 0'),
    (r'("python", "ok": true, "text": )"[\d.]+"', r'\1"<version>"'),
    (r"(not created yet), [^\"]+", r"\1, <file system>"),
)
"""What differs from run to run, and what stands for it."""


@pytest.mark.parametrize("name", COMMANDS)
def test_json_is_as_it_was(
    name: str, call: Call, frozen_sandbox: Embedded, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if name.startswith("cache-"):
        call("errors", BATCH)
    requests = requests_file(frozen_sandbox, CANCELED, tmp_path)
    if name == "resubmit--plan":
        call("attach", CANCELED, str(requests))
    faulty = tmp_path / "faulty.jsonl"
    faulty.write_text('{"custom_id": "a b"}\n[\n', encoding="utf-8")
    words = COMMANDS[name].replace("REQUESTS", str(requests)).replace("FAULTY", str(faulty)).split()
    done = call(*words, TERM="xterm", COLORTERM="", NO_COLOR="")
    assert done.returncode == NARRATING.get(name, 0)
    assert bool(done.stderr) == (name in NARRATING)
    assert all(isinstance(json.loads(line), dict) for line in done.stdout.splitlines())
    printed = done.stdout.replace(frozen_sandbox.base_url, "<base url>").replace(str(tmp_path), "<folder>")
    printed = printed.replace(os.environ["XDG_CONFIG_HOME"], "<configuration>")
    for pattern, stand_in in VOLATILE:
        printed = re.sub(pattern, stand_in, printed)
    golden = GOLDEN / f"{name}.jsonl"
    if request.config.option.update_snapshots:
        golden.write_text(printed, encoding="utf-8")
    assert printed == golden.read_text(encoding="utf-8")

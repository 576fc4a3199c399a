"""A custom_id that is longer than what the index keeps of it."""

from __future__ import annotations

import json

from tests.e2e.conftest import Start
from tests.e2e.hostile_server import HostileServer
from tests.e2e.output import read_output

CUSTOM_ID = "a" * 1000


def test_it_is_copied_whole(hostile: HostileServer, start: Start) -> None:
    hostile.results = json.dumps({"custom_id": CUSTOM_ID, "result": {"type": "expired"}}).encode() + b"\n"
    terminal = start(hostile.url)
    terminal.until_shown("live")
    terminal.type("/status:ended\r\r")
    terminal.until_shown("› results", "aaaa")
    terminal.type("y")
    terminal.until_shown("Copied the custom_id")
    assert read_output(bytes(terminal.raw)).copies == [CUSTOM_ID]

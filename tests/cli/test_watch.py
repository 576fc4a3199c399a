"""`watch` as a script sees it: lines or events on stdout, silence on stderr, and the outcome as exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from batchtui.cli import main
from tests.submitting import request

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from batchtui.sandbox import Embedded

    Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def api(sandbox: Embedded, http_to: Callable[[Embedded], httpx.Client]) -> httpx.Client:
    return http_to(sandbox)


@pytest.fixture
def run(sandbox: Embedded, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `watch` where there is no terminal."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.base_url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", sandbox.api_key)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(lambda _: 0, ["watch", *words, "--interval", "0.1"])
        return code, *capfd.readouterr()

    return run


def create(api: httpx.Client, *custom_ids: str, **params: object) -> str:
    requests = [request(custom_id) for custom_id in custom_ids]
    requests[0]["params"] |= params
    return str(api.post("/batches", json={"requests": requests}).json()["id"])


def test_success_is_a_line_and_0(run: Run, api: httpx.Client) -> None:
    batch_id = create(api, "a", "b")
    assert run(batch_id) == (0, f"{batch_id}  ended  2 succeeded\n", "")


def test_failures_are_5(run: Run, api: httpx.Client) -> None:
    good, bad = create(api, "a"), create(api, "a", "b", store=True)
    code, out, err = run(good, bad)
    assert code == 5
    assert sorted(out.splitlines()) == sorted(
        [f"{good}  ended  1 succeeded", f"{bad}  ended  1 succeeded, 1 errored"]
    )
    assert err == "batchtui: 1 of 3 requests did not succeed. Run `batchtui errors ID` for details.\n"


def test_a_batch_that_is_not_there_is_1(run: Run) -> None:
    code, out, err = run("msgbatch_never")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "batchtui: msgbatch_never not found: deleted, or in another workspace.",
    ]


def test_events_are_objects(run: Run, api: httpx.Client) -> None:
    batch_id = create(api, *(f"a-{n}" for n in range(200)))
    code, out, err = run(batch_id, "msgbatch_never", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert {event["event"] for event in events} == {"changed", "gone", "ended"}
    assert [event["id"] for event in events if event["event"] == "gone"] == ["msgbatch_never"]
    assert events[-1]["event"] == "ended"
    assert events[-1]["batch"] == api.get(f"/batches/{batch_id}").json()
    assert err.count("\n") == 1

"""The client against failing and malformed responses, over real sockets."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batchtui.api import (
    ApiError,
    BatchesClient,
    Call,
    ConnectionLost,
    NotReachable,
    OutcomeUnknown,
    RateLimited,
    RetryPolicy,
    ServerError,
    StatusError,
    UnexpectedResponse,
    UnusableId,
)
from batchtui.api.responses import retry_after
from batchtui.config import Credentials, Profile, Secret
from tests.canned_server import CUT, answer, canned_server, error_answer

QUICK = RetryPolicy(attempts=3, wait_initial=0.01, wait_max=0.02)
PAGE = json.dumps({"data": [], "has_more": False, "first_id": None, "last_id": None}).encode()
BATCH = {
    "id": "b1",
    "processing_status": "ended",
    "request_counts": {},
    "created_at": "2026-11-20T10:00:00Z",
    "expires_at": "2026-11-21T10:00:00Z",
}
BUSY = error_answer("529 Overloaded", "overloaded_error", "Overloaded")


async def error_of_list(*responses: bytes, retry: RetryPolicy = QUICK) -> tuple[ApiError, int]:
    """Return the error that a list call raises, and the number of requests made."""
    async with canned_server(*responses) as server, BatchesClient(server.profile, retry=retry) as client:
        with pytest.raises(ApiError) as caught:
            await client.list()
        return caught.value, len(server.requests)


@pytest.mark.parametrize("first", [BUSY, error_answer("500 Oops", "api_error", "Oops"), CUT])
async def test_temporary_failure_is_retried(first: bytes) -> None:
    async with canned_server(first, first, answer("200 OK", PAGE)) as server:
        async with BatchesClient(server.profile, retry=QUICK) as client:
            assert (await client.list()).data == []
        assert len(server.requests) == 3


async def test_permanent_failure_names_its_request_id() -> None:
    error, requests = await error_of_list(
        error_answer("500 Oops", "api_error", "Internal server error", "request-id: req_head")
    )
    assert isinstance(error, ServerError)
    assert str(error) == "Internal server error (500 api_error, request id req_head)."
    assert requests == 3


async def test_x_should_retry_false_prevents_a_retry() -> None:
    error, requests = await error_of_list(
        error_answer("500 Oops", "api_error", "Oops", "x-should-retry: false")
    )
    assert isinstance(error, ServerError)
    assert requests == 1


async def test_x_should_retry_true_causes_a_retry() -> None:
    _, requests = await error_of_list(
        error_answer("400 Bad", "invalid_request_error", "Hm", "x-should-retry: true")
    )
    assert requests == 3


async def test_spend_limit_is_final() -> None:
    body = {
        "type": "error",
        "error": {
            "type": "rate_limit_error",
            "message": "Spend limit reached",
            "details": {"error_code": "enforced_spend_limit_reached"},
        },
    }
    error, requests = await error_of_list(answer("429 Slow down", json.dumps(body).encode()))
    assert isinstance(error, RateLimited)
    assert error.is_final
    assert requests == 1


async def test_retry_after_is_capped() -> None:
    limited = error_answer("429 Slow", "rate_limit_error", "Slow down", "retry-after: 86400")
    error, requests = await error_of_list(limited)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 86400
    assert requests == 3  # after `wait_max`, not after a day


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["retry-after-ms: 1500", "retry-after: 9"], 1.5),
        (["retry-after: 2"], 2.0),
        (["retry-after: Wed, 21 Oct 2015 07:28:00 GMT"], 0.0),
        (["retry-after: soon"], None),
        (["retry-after: Thu, 01 Jan 99999999999999999999 00:00:00 GMT"], None),
        (["retry-after: nan"], None),
        (["retry-after-ms: inf", "retry-after: 3"], 3.0),
        (["retry-after: 1" + "0" * 400], None),
        ([], None),
    ],
)
async def test_retry_after_formats(headers: list[str], seconds: float | None) -> None:
    error, _ = await error_of_list(
        error_answer("429 Slow", "rate_limit_error", "Slow down", *headers), retry=RetryPolicy(attempts=1)
    )
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


async def test_redirects_are_refused() -> None:
    async with canned_server(answer("200 OK", PAGE)) as other:
        redirect = answer("302 Found", b"", f"location: {other.base_url}/v1/messages/batches")
        error, requests = await error_of_list(redirect)
        assert isinstance(error, UnexpectedResponse)
        assert requests == 1
        assert other.requests == []


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data": 1}', b"\xff\xfe"])
async def test_malformed_response(body: bytes) -> None:
    error, _ = await error_of_list(answer("200 OK", body, "request-id: req_odd"))
    assert isinstance(error, UnexpectedResponse)
    assert "req_odd" in str(error)


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b'{"error": "text"}', b"[" * 100_000])
async def test_malformed_error_has_a_message(body: bytes) -> None:
    error, _ = await error_of_list(answer("503 Service Unavailable", body))
    assert isinstance(error, ServerError)
    assert str(error) == "Service Unavailable (503 http_error)."


WEB_PAGE = b"<html>Sorry</html>"
LOST = (
    CUT,
    answer("200 OK", b"{}"),
    answer("200 OK", PAGE)[:-3],
    answer("302 Found", b"", "location: /elsewhere"),
    *(answer(f"{status} Hm", WEB_PAGE) for status in (400, 403, 404, 408, 409, 416, 499, 500, 502, 504, 529)),
    answer("503 Hm", WEB_PAGE, "retry-after: 5"),
    *(error_answer(f"{status} Hm", "api_error", "Hm") for status in (408, 409, 425, 499, 500, 503, 504)),
)
"""Responses to a create that may have been accepted."""
REJECTED = (
    BUSY,
    error_answer("503 Hm", "overloaded_error", "Hm", "retry-after: 5"),
    *(error_answer(f"{status} Hm", "any_error", "Hm") for status in (400, 401, 402, 403, 404, 413, 429)),
    *(answer(f"{status} Hm", WEB_PAGE) for status in (413, 429)),
)
"""Responses to a create that was not accepted."""


@pytest.mark.parametrize("response", LOST, ids=lambda response: response.split(b"\r")[0].decode())
async def test_create_is_never_retried(response: bytes) -> None:
    async with canned_server(response) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(OutcomeUnknown, match="unknown"):
            await client.create([{"custom_id": "a", "params": {}}])
        assert len(server.requests) == 1


@pytest.mark.parametrize("response", REJECTED, ids=lambda response: response.split(b"\r")[0].decode())
async def test_rejected_create_is_no_unknown_outcome(response: bytes) -> None:
    async with canned_server(response) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(StatusError):
            await client.create([{"custom_id": "a", "params": {}}])
        assert len(server.requests) == 1


async def test_unsent_create_is_no_unknown_outcome() -> None:
    async with canned_server(CUT) as server:
        profile = server.profile
    async with BatchesClient(profile, retry=QUICK) as client:
        with pytest.raises(NotReachable):
            await client.create([{"custom_id": "a", "params": {}}])


@pytest.mark.parametrize(
    "batch_id", ["", ".", "..", "../files?x=1#y", "a/b", "-rf", "a\n", "é", "\udcff", "x" * 257]
)
async def test_unsafe_id_is_never_sent(batch_id: str) -> None:
    async with canned_server(error_answer("404 Not Found", "not_found_error", "No")) as server:
        async with BatchesClient(server.profile, retry=QUICK) as client:
            for call in (client.retrieve, client.cancel, client.delete):
                with pytest.raises(UnusableId):
                    await call(batch_id)
            with pytest.raises(UnusableId):
                async with client.results(batch_id):
                    raise AssertionError("must not open")
        assert server.requests == []


WORDS = st.sampled_from(
    ["Thu,", "31", "Feb", "0", "99999999999999999999", "-1", ":", "GMT", "+9999", "(", "\xa0"]
)


@given(st.text(st.characters(max_codepoint=255)) | st.lists(WORDS).map(" ".join))
@example("Thu, 01 Jan 99999999999999999999 00:00:00 GMT")
@example("Fri, 31 Dec 9999 23:59:59 -9999")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
def test_any_retry_after_is_parsed_or_ignored(value: str) -> None:
    for name in ("retry-after", "retry-after-ms"):
        seconds = retry_after(httpx.Headers([(name.encode(), value.encode("latin-1"))]))
        assert seconds is None or 0 <= seconds < 1e12


async def test_long_server_message_is_shortened() -> None:
    error, _ = await error_of_list(
        error_answer("400 Bad", "invalid_request_error", "x" * 5_000_000, "request-id: req_1")
    )
    assert str(error).endswith(
        "x… (4,999,000 more characters) (400 invalid_request_error, request id req_1)."
    )
    assert len(str(error)) < 1_200


async def test_wire_replaces_nan_and_infinity_by_null() -> None:
    body = json.dumps(BATCH | {"a": [float("nan")], "b": {"c": float("-inf")}}).replace("NaN", "NaN, 1e999")
    async with (
        canned_server(answer("200 OK", body.encode())) as server,
        BatchesClient(server.profile, retry=QUICK) as client,
    ):
        wire = (await client.retrieve("b1")).wire

    def refuse(name: str) -> None:
        raise AssertionError(name)

    batch = json.loads(wire, parse_constant=refuse)
    assert (batch["a"], batch["b"]) == ([None, None], {"c": None})


async def test_secrets_in_server_messages_are_redacted() -> None:
    secret = "team-secret-1"
    message = f"no: sk-test-key-1, {secret} and http://me:pass/w@proxy:1"
    async with canned_server(error_answer("401 No", "authentication_error", message)) as server:
        key = Credentials(Secret("sk-test-key-1"))
        profile = Profile("p", server.base_url, key, headers=(("X-Team", f"Bearer {secret}"),))
        async with BatchesClient(profile, retry=QUICK) as client:
            with pytest.raises(ApiError) as caught:
                await client.list()
    assert str(caught.value).startswith("no: (hidden), (hidden) and http://(hidden)@proxy:1 (401 ")


async def test_secrets_in_the_call_log_are_redacted() -> None:
    calls: list[Call] = []
    async with canned_server(b"HTTP/1.1 sk-test-key-2\r\n\r\n") as server:
        profile = replace(server.profile, credentials=Credentials(Secret("sk-test-key-2")))
        async with BatchesClient(profile, retry=QUICK, on_call=calls.append) as client:
            with pytest.raises(ApiError) as caught:
                await client.list()
    for message in (str(caught.value), *(call.error for call in calls)):
        assert "(hidden)" in message
        assert "sk-test" not in message


async def test_errors_do_not_contain_the_key() -> None:
    error, _ = await error_of_list(CUT)
    assert "sk-test" not in "".join(map(repr, (error, error.__cause__, vars(error))))


async def test_invalid_compressed_body() -> None:
    error, _ = await error_of_list(answer("200 OK", PAGE, "content-encoding: gzip"))
    assert isinstance(error, ConnectionLost)


@pytest.mark.parametrize(
    "change", [{"created_at": "0001-01-01T00:00:00"}, {"request_counts": {"processing": 2**70}}]
)
async def test_out_of_range_values_are_rejected(change: dict[str, object]) -> None:
    page = json.dumps({"data": [BATCH | change], "has_more": False}).encode()
    error, _ = await error_of_list(answer("200 OK", page))
    assert isinstance(error, UnexpectedResponse)


@pytest.mark.parametrize("call", ["retrieve", "cancel", "delete"])
async def test_response_with_another_batch_is_rejected(call: str) -> None:
    other = answer("200 OK", json.dumps(BATCH | {"id": "another"}).encode())
    async with canned_server(other) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(UnexpectedResponse, match="another"):
            await getattr(client, call)("b1")


async def test_custom_headers_replace_ours_except_the_key() -> None:
    async with canned_server(answer("200 OK", PAGE)) as server:
        headers = (("X-Api-Key", "other"), ("Anthropic-Version", "2026-10-21"), ("X-Team", "evals"))
        profile = replace(server.profile, headers=headers)
        async with BatchesClient(profile, retry=QUICK) as client:
            await client.list()
        sent = server.requests[0].lower()
    assert sent.count(b"x-api-key:") == 1
    assert b"x-api-key: sk-test" in sent
    assert sent.count(b"anthropic-version:") == 1
    assert b"anthropic-version: 2026-10-21" in sent
    assert b"x-team: evals" in sent


async def test_iterate_stops_at_a_repeated_page() -> None:
    page = json.dumps({"data": [BATCH], "has_more": True, "last_id": "b1"}).encode()
    async with canned_server(answer("200 OK", page)) as server, BatchesClient(server.profile) as client:
        assert [batch.id async for batch in client.iterate()] == ["b1", "b1"]


async def test_lone_surrogate_is_accepted() -> None:
    page = json.dumps({"data": [BATCH | {"note": "\ud800"}], "has_more": False}).encode()
    async with canned_server(answer("200 OK", page)) as server, BatchesClient(server.profile) as client:
        assert [batch.id for batch in (await client.list()).data] == ["b1"]


async def test_web_page_instead_of_a_batch() -> None:
    error, _ = await error_of_list(answer("200 OK", b"<html>", "content-type: text/html"))
    assert "returned a web page" in str(error)

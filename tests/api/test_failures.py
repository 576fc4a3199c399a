"""What the client makes of answers that no good server gives; all over real sockets."""

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
    RangeNotSatisfiable,
    RateLimited,
    RetryPolicy,
    ServerFault,
    StatusError,
    UnexpectedResponse,
    UnknownRange,
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


async def failure_of_list(*answers: bytes, retry: RetryPolicy = QUICK) -> tuple[ApiError, int]:
    """The error that a list call ends with, and how many requests were made."""
    async with canned_server(*answers) as server, BatchesClient(server.profile, retry=retry) as client:
        with pytest.raises(ApiError) as caught:
            await client.list()
        return caught.value, len(server.requests)


@pytest.mark.parametrize("first", [BUSY, error_answer("500 Oops", "api_error", "Oops"), CUT])
async def test_a_passing_failure_is_retried(first: bytes) -> None:
    async with canned_server(first, first, answer("200 OK", PAGE)) as server:
        async with BatchesClient(server.profile, retry=QUICK) as client:
            assert (await client.list()).data == []
        assert len(server.requests) == 3


async def test_a_lasting_failure_is_told_with_its_request_id() -> None:
    error, tries = await failure_of_list(
        error_answer("500 Oops", "api_error", "Internal server error", "request-id: req_head")
    )
    assert isinstance(error, ServerFault)
    assert str(error) == "Internal server error (500 api_error, request id req_head)."
    assert tries == 3


async def test_the_server_may_forbid_a_retry() -> None:
    error, tries = await failure_of_list(
        error_answer("500 Oops", "api_error", "Oops", "x-should-retry: false")
    )
    assert isinstance(error, ServerFault)
    assert tries == 1


async def test_the_server_may_ask_for_a_retry() -> None:
    _, tries = await failure_of_list(
        error_answer("400 Bad", "invalid_request_error", "Hm", "x-should-retry: true")
    )
    assert tries == 3


async def test_a_spend_limit_is_final() -> None:
    body = {
        "type": "error",
        "error": {
            "type": "rate_limit_error",
            "message": "Spend limit reached",
            "details": {"error_code": "enforced_spend_limit_reached"},
        },
    }
    error, tries = await failure_of_list(answer("429 Slow down", json.dumps(body).encode()))
    assert isinstance(error, RateLimited)
    assert error.is_final
    assert tries == 1


async def test_retry_after_is_read_but_capped() -> None:
    limited = error_answer("429 Slow", "rate_limit_error", "Slow down", "retry-after: 86400")
    error, tries = await failure_of_list(limited)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 86400
    assert tries == 3  # within the policy's own cap, not after a day


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
async def test_forms_of_retry_after(headers: list[str], seconds: float | None) -> None:
    error, _ = await failure_of_list(
        error_answer("429 Slow", "rate_limit_error", "Slow down", *headers), retry=RetryPolicy(attempts=1)
    )
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


async def test_redirects_are_not_followed() -> None:
    async with canned_server(answer("200 OK", PAGE)) as elsewhere:
        moved = answer("302 Found", b"", f"location: {elsewhere.base_url}/v1/messages/batches")
        error, tries = await failure_of_list(moved)
        assert isinstance(error, UnexpectedResponse)
        assert tries == 1
        assert elsewhere.requests == []


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data": 1}', b"\xff\xfe"])
async def test_an_answer_that_is_not_the_apis(body: bytes) -> None:
    error, _ = await failure_of_list(answer("200 OK", body, "request-id: req_odd"))
    assert isinstance(error, UnexpectedResponse)
    assert "req_odd" in str(error)


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b'{"error": "text"}', b"[" * 100_000])
async def test_an_error_in_no_known_shape_still_has_words(body: bytes) -> None:
    error, _ = await failure_of_list(answer("503 Service Unavailable", body))
    assert isinstance(error, ServerFault)
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
"""Answers to a create that may come after it was accepted."""
REFUSALS = (
    BUSY,
    error_answer("503 Hm", "overloaded_error", "Hm", "retry-after: 5"),
    *(error_answer(f"{status} Hm", "any_error", "Hm") for status in (400, 401, 402, 403, 404, 413, 429)),
    *(answer(f"{status} Hm", WEB_PAGE) for status in (413, 429)),
)
"""Answers to a create that come before anything is done."""


@pytest.mark.parametrize("lost", LOST, ids=lambda lost: lost.split(b"\r")[0].decode())
async def test_create_is_never_repeated(lost: bytes) -> None:
    async with canned_server(lost) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(OutcomeUnknown, match="unknown"):
            await client.create([{"custom_id": "a", "params": {}}])
        assert len(server.requests) == 1


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.split(b"\r")[0].decode())
async def test_a_create_that_is_plainly_refused_does_not_exist(refusal: bytes) -> None:
    async with canned_server(refusal) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(StatusError):
            await client.create([{"custom_id": "a", "params": {}}])
        assert len(server.requests) == 1


async def test_create_that_was_never_sent_is_known_not_to_exist() -> None:
    async with canned_server(CUT) as server:
        profile = server.profile
    async with BatchesClient(profile, retry=QUICK) as client:
        with pytest.raises(NotReachable):
            await client.create([{"custom_id": "a", "params": {}}])


async def test_results_that_break_off() -> None:
    short = answer("200 OK", b'{"custom_id": "a"}\n').replace(b"content-length: 19", b"content-length: 50")
    async with canned_server(short) as server, BatchesClient(server.profile, retry=QUICK) as client:
        received = b""
        with pytest.raises(ConnectionLost):
            async with client.results("b1") as stream:
                async for chunk in stream:
                    received += chunk
        assert received == b'{"custom_id": "a"}\n'


async def test_results_ask_for_plain_bytes_and_refuse_others() -> None:
    zipped = answer("200 OK", b"xx", "content-encoding: gzip")
    async with canned_server(zipped) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(UnexpectedResponse, match="gzip"):
            async with client.results("b1"):
                raise AssertionError("must not open")
        assert b"accept-encoding: identity" in server.requests[0].lower()


async def test_416_tells_the_size() -> None:
    past = answer("416 Range Not Satisfiable", b"", "content-range: bytes */19")
    async with canned_server(past) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(RangeNotSatisfiable) as caught:
            async with client.results("b1", start=20, validator='"v"'):
                raise AssertionError("must not open")
        assert caught.value.total == 19
        assert b'if-range: "v"' in server.requests[0].lower()


@pytest.mark.parametrize(
    "batch_id", ["", ".", "..", "../files?x=1#y", "a/b", "-rf", "a\n", "é", "\udcff", "x" * 257]
)
async def test_an_id_that_is_not_plain_is_never_part_of_a_path(batch_id: str) -> None:
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
def test_no_retry_after_breaks_a_call(value: str) -> None:
    for name in ("retry-after", "retry-after-ms"):
        seconds = retry_after(httpx.Headers([(name.encode(), value.encode("latin-1"))]))
        assert seconds is None or 0 <= seconds < 1e12


async def test_a_validator_that_cannot_be_sent_back_is_none() -> None:
    body = answer("200 OK", b"{}\n").replace(b"\r\n\r\n", b'\r\netag: "\xe9"\r\n\r\n', 1)
    async with (
        canned_server(body) as server,
        BatchesClient(server.profile, retry=QUICK) as client,
        client.results("b1") as stream,
    ):
        assert stream.validator is None


async def test_a_message_of_megabytes_is_cut_with_words() -> None:
    error, _ = await failure_of_list(
        error_answer("400 Bad", "invalid_request_error", "x" * 5_000_000, "request-id: req_1")
    )
    assert str(error).endswith(
        "x… (4,999,000 more characters) (400 invalid_request_error, request id req_1)."
    )
    assert len(str(error)) < 1_200


async def test_a_batch_is_valid_json_whatever_numbers_the_server_sent() -> None:
    body = json.dumps(BATCH | {"a": [float("nan")], "b": {"c": float("-inf")}}).replace("NaN", "NaN, 1e999")
    async with (
        canned_server(answer("200 OK", body.encode())) as server,
        BatchesClient(server.profile, retry=QUICK) as client,
    ):
        wire = (await client.retrieve("b1")).wire

    def refuse(name: str) -> None:
        raise AssertionError(name)

    found = json.loads(wire, parse_constant=refuse)
    assert (found["a"], found["b"]) == ([None, None], {"c": None})


async def test_what_the_server_says_of_secrets_is_hidden() -> None:
    secret = "team-secret-1"
    message = f"no: sk-test-key-1, {secret} and http://me:pass/w@proxy:1"
    async with canned_server(error_answer("401 No", "authentication_error", message)) as server:
        key = Credentials(Secret("sk-test-key-1"))
        profile = Profile("p", server.base_url, key, headers=(("X-Team", f"Bearer {secret}"),))
        async with BatchesClient(profile, retry=QUICK) as client:
            with pytest.raises(ApiError) as caught:
                await client.list()
    assert str(caught.value).startswith("no: (hidden), (hidden) and http://(hidden)@proxy:1 (401 ")


async def test_the_log_of_calls_hides_secrets_that_the_http_library_quotes() -> None:
    calls: list[Call] = []
    async with canned_server(b"HTTP/1.1 sk-test-key-2\r\n\r\n") as server:
        profile = replace(server.profile, credentials=Credentials(Secret("sk-test-key-2")))
        async with BatchesClient(profile, retry=QUICK, on_call=calls.append) as client:
            with pytest.raises(ApiError) as caught:
                await client.list()
    for words in (str(caught.value), *(call.error for call in calls)):
        assert "(hidden)" in words
        assert "sk-test" not in words


async def test_the_key_is_nowhere_in_what_is_told() -> None:
    error, _ = await failure_of_list(CUT)
    assert "sk-test" not in "".join(map(repr, (error, error.__cause__, vars(error))))


async def test_a_body_that_only_claims_to_be_compressed() -> None:
    error, _ = await failure_of_list(answer("200 OK", PAGE, "content-encoding: gzip"))
    assert isinstance(error, ConnectionLost)


@pytest.mark.parametrize(
    "change", [{"created_at": "0001-01-01T00:00:00"}, {"request_counts": {"processing": 2**70}}]
)
async def test_values_that_nothing_can_hold(change: dict[str, object]) -> None:
    page = json.dumps({"data": [BATCH | change], "has_more": False}).encode()
    error, _ = await failure_of_list(answer("200 OK", page))
    assert isinstance(error, UnexpectedResponse)


async def test_a_number_of_thousands_of_digits_in_a_header() -> None:
    odd = answer("416 Range Not Satisfiable", b"", f"content-range: bytes */{'9' * 5000}")
    async with canned_server(odd) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(RangeNotSatisfiable) as caught:
            async with client.results("b1", start=20, validator='"v"'):
                raise AssertionError("must not open")
        assert caught.value.total is None


@pytest.mark.parametrize("call", ["retrieve", "cancel", "delete"])
async def test_an_answer_about_another_batch_is_not_believed(call: str) -> None:
    other = answer("200 OK", json.dumps(BATCH | {"id": "another"}).encode())
    async with canned_server(other) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(UnexpectedResponse, match="another"):
            await getattr(client, call)("b1")


async def test_custom_headers_go_once_and_never_in_place_of_the_key() -> None:
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


async def test_a_page_that_repeats_itself_ends() -> None:
    page = json.dumps({"data": [BATCH], "has_more": True, "last_id": "b1"}).encode()
    async with canned_server(answer("200 OK", page)) as server, BatchesClient(server.profile) as client:
        assert [found.id async for found in client.iterate()] == ["b1", "b1"]


async def test_one_lone_surrogate_does_not_hide_the_list() -> None:
    page = json.dumps({"data": [BATCH | {"note": "\ud800"}], "has_more": False}).encode()
    async with canned_server(answer("200 OK", page)) as server, BatchesClient(server.profile) as client:
        assert [batch.id for batch in (await client.list()).data] == ["b1"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"<!DOCTYPE html><title>Log in</title>", ()),
        (b"\xef\xbb\xbf\r\n <html>", ("content-type: application/x-jsonl; charset=utf-8",)),
        (b"Please log in", ("Content-Type: text/html; charset=utf-8",)),
        (b"Please log in", ("content-type: text/plain",)),
        (b"[1, 2]", ()),
    ],
)
async def test_only_json_lines_are_taken_for_results(body: bytes, headers: tuple[str, ...]) -> None:
    page = answer("200 OK", body, *headers)
    async with canned_server(page) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(UnexpectedResponse, match=r"a web page|not results"):
            async with client.results("b1"):
                raise AssertionError("must not open")


async def test_a_web_page_instead_of_a_batch_is_told_as_one() -> None:
    error, _ = await failure_of_list(answer("200 OK", b"<html>", "content-type: text/html"))
    assert "answered with a web page" in str(error)


@pytest.mark.parametrize("content_range", ["", "bytes */10", "bytes 5", "items 5-9/10", "bytes -5-9/10"])
async def test_a_part_that_does_not_say_which_is_no_part(content_range: str) -> None:
    part = answer("206 Partial Content", b"{}\n", f"content-range: {content_range}")
    async with canned_server(part) as server, BatchesClient(server.profile, retry=QUICK) as client:
        with pytest.raises(UnknownRange):
            async with client.results("b1", start=5, validator='"v"'):
                raise AssertionError("must not open")

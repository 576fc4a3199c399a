"""Fetching over real sockets: whatever happens on the way, the results are whole or honestly incomplete."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from batchtui.api.retry import Backoff
from batchtui.results import Fetcher, Pace, Progress, ResultFiles, Results, State, writer
from tests.canned_server import error_answer
from tests.results.server import Fault, ResultsServer, serving
from tests.results.wire import all_rows, assert_true_index, body_of, jsonl, succeeded

COUNT = 300
BODY = body_of(COUNT)
MID_LINE = BODY.index(b"\n", len(BODY) // 2) + 20
MID_CHARACTER = BODY.index("你".encode(), len(BODY) // 3) + 1
QUICK = Pace(tries=4, short_tries=2, backoff=Backoff(0.005, 0.02))


@pytest.fixture
def files(tmp_path: Path) -> ResultFiles:
    folder = tmp_path / "results"
    folder.mkdir()
    return ResultFiles(folder, "batch")


async def fetch_all(server: ResultsServer, files: ResultFiles, expected: int | None = COUNT) -> Progress:
    async with serving(server) as open_results:
        fetcher = Fetcher(files, open_results, expected=expected, pace=QUICK)
        fetcher.want_all()
        return await fetcher.run()


def broken_after(body_bytes: int) -> list[Fault]:
    """A server that goes away for good after so many bytes."""
    return [Fault(cut_body=body_bytes)] + [Fault(cut_head=0)] * 99


class Watched:
    """A fetch that goes on in the background, and what it says."""

    def __init__(self, fetcher: Fetcher) -> None:
        self.fetcher = fetcher
        self._news = asyncio.Event()
        fetcher.on_progress = lambda _: self._news.set()

    async def __aenter__(self) -> Watched:
        self.task = asyncio.create_task(self.fetcher.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])

    async def reached(self, condition: Callable[[Progress], bool]) -> Progress:
        async with asyncio.timeout(10):
            while not condition(self.fetcher.progress):
                await self._news.wait()
                self._news.clear()
        return self.fetcher.progress


async def test_a_whole_body_is_complete_private_and_indexed(files: ResultFiles) -> None:
    progress = await fetch_all(ResultsServer(BODY), files)
    assert progress.state is State.COMPLETE
    assert (progress.rows_here, progress.bytes_here, progress.error) == (COUNT, len(BODY), "")
    assert files.is_complete
    assert not files.part.exists()
    assert {path.stat().st_mode & 0o777 for path in files.folder.iterdir()} == {0o600}
    assert_true_index(files, BODY)


CUTS = {
    "in the status line": Fault(cut_head=5),
    "in the headers": Fault(cut_head=40),
    "before the first byte": Fault(cut_body=0),
    "in the first line": Fault(cut_body=10),
    "in a line": Fault(cut_body=MID_LINE),
    "in a character": Fault(cut_body=MID_CHARACTER),
    "after a line": Fault(cut_body=BODY.index(b"\n", 5000) + 1),
    "before the last byte": Fault(cut_body=len(BODY) - 1),
}


@pytest.mark.parametrize("fault", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("has_length", [True, False], ids=["length told", "no length"])
@pytest.mark.parametrize(
    ("ranges", "etag"),
    [(True, '"v1"'), (False, '"v1"'), (True, None)],
    ids=["ranges", "ranges ignored", "no validator"],
)
async def test_a_cut_is_mended(
    files: ResultFiles, fault: Fault, has_length: bool, ranges: bool, etag: str | None
) -> None:
    server = ResultsServer(BODY, etag=etag, ranges=ranges, has_length=has_length, faults=[fault, fault])
    progress = await fetch_all(server, files)
    assert progress.state is State.COMPLETE
    assert_true_index(files, BODY)


async def test_nothing_that_landed_is_fetched_again(files: ResultFiles) -> None:
    cuts = [Fault(cut_body=10_000), Fault(cut_body=20_000), Fault(cut_body=1)]
    server = ResultsServer(BODY, faults=cuts)
    await fetch_all(server, files)
    assert server.starts == [None, 10_000, 30_000, 30_001]
    assert server.sent == len(BODY)


@pytest.mark.parametrize("cut", [MID_LINE, MID_CHARACTER, len(BODY) - 1])
async def test_other_results_on_the_server_replace_what_is_here(files: ResultFiles, cut: int) -> None:
    other = body_of(COUNT, text_chars=90)
    async with serving(ResultsServer(BODY, faults=broken_after(cut))) as open_results:
        first = await Fetcher(files, open_results, expected=COUNT, pace=QUICK).run()
    assert (first.state, first.bytes_here) == (State.FAILED, cut)
    assert (await fetch_all(ResultsServer(other, etag='"v2"'), files)).state is State.COMPLETE
    assert_true_index(files, other)


async def test_results_in_another_order_replace_what_is_here_from_the_first_difference(
    files: ResultFiles,
) -> None:
    lines = BODY.splitlines(keepends=True)
    other = b"".join(lines[:100] + lines[:99:-1])
    await fetch_all(ResultsServer(BODY, etag=None, faults=broken_after(len(BODY) - 5)), files)
    await fetch_all(ResultsServer(other, etag=None), files)
    assert_true_index(files, other)


async def test_a_break_while_comparing_never_mixes_two_versions(files: ResultFiles) -> None:
    other = body_of(COUNT, text_chars=90)
    await fetch_all(ResultsServer(BODY, faults=broken_after(50_000)), files)
    assert files.size == 50_000
    spoilt = ResultsServer(BODY[:10_000] + other[10_000:], etag='"v2"', faults=[Fault(cut_body=9_000)])
    assert (await fetch_all(spoilt, files, expected=None)).state is State.COMPLETE
    assert files.data.read_bytes() == spoilt.body
    assert spoilt.starts == [50_000, None]


async def test_all_here_but_not_yet_complete_is_settled_by_416(files: ResultFiles) -> None:
    short = ResultsServer(BODY, has_length=False, faults=[Fault(end_body=len(BODY))])
    assert (await fetch_all(short, files, expected=COUNT + 1)).state is State.INCOMPLETE
    again = ResultsServer(BODY)
    assert (await fetch_all(again, files)).state is State.COMPLETE
    assert again.starts == [len(BODY)]
    assert again.sent == 0


async def test_a_shorter_file_on_the_server_starts_over(files: ResultFiles) -> None:
    await fetch_all(ResultsServer(BODY, faults=broken_after(60_000)), files)
    fewer = body_of(20)
    server = ResultsServer(fewer)
    assert (await fetch_all(server, files, expected=20)).state is State.COMPLETE
    assert_true_index(files, fewer)


@pytest.mark.parametrize("end", [0, MID_LINE, MID_CHARACTER, BODY.index(b"\n", 30_000) + 1])
async def test_a_clean_but_short_end_is_never_success(files: ResultFiles, end: int) -> None:
    server = ResultsServer(BODY[:end], has_length=False)
    progress = await fetch_all(server, files)
    assert progress.state is State.INCOMPLETE
    assert "missing" in progress.error
    assert f"{COUNT:,}" in progress.error
    assert not files.is_complete
    assert files.data.read_bytes() == BODY[:end]
    whole = await fetch_all(ResultsServer(BODY), files)
    assert whole.state is State.COMPLETE
    assert_true_index(files, BODY)


async def test_a_short_end_is_asked_again_at_once(files: ResultFiles) -> None:
    server = ResultsServer(BODY, faults=[Fault(end_body=MID_LINE), Fault(end_body=MID_LINE + 1000)])
    assert (await fetch_all(server, files)).state is State.COMPLETE
    assert_true_index(files, BODY)


async def test_duplicates_do_not_count_as_results(files: ResultFiles) -> None:
    body = jsonl(*(succeeded(f"r{n % 5}") for n in range(8)))
    progress = await fetch_all(ResultsServer(body), files, expected=8)
    assert progress.state is State.INCOMPLETE
    assert "5 of 8 results are here and 3 missing (8 lines: 3 duplicates)" in progress.error
    assert [row.flag for row in all_rows(files)] == [None] * 5 + ["duplicate"] * 3
    assert (await fetch_all(ResultsServer(body), files, expected=5)).state is State.COMPLETE


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (BODY, "300 requests"),
        (b'{"custom_id": "' + b"x" * 500_000, "without the end of a line"),
        (b"\n" * 500_000, "without the end of a line"),
    ],
    ids=["lines", "one line", "blank lines"],
)
@pytest.mark.parametrize("has_length", [True, False])
async def test_more_than_results_can_be_is_not_read_to_its_end(
    files: ResultFiles, rest: bytes, said: str, has_length: bool
) -> None:
    server = ResultsServer(BODY + rest * (30_000_000 // len(rest)), has_length=has_length)
    pace = replace(QUICK, excess_rows=100, line_bytes=200_000)
    async with serving(server) as open_results:
        fetcher = Fetcher(files, open_results, expected=COUNT, pace=pace)
        fetcher.want_all()
        progress = await fetcher.run()
    assert progress.state is State.INCOMPLETE
    assert said in progress.error
    assert not files.is_complete
    assert files.size < 10_000_000
    assert (await fetch_all(ResultsServer(BODY, etag='"v2"'), files)).state is State.COMPLETE
    assert_true_index(files, BODY)


async def test_more_than_the_disk_has_room_for_is_refused_before_it_is_filled(files: ResultFiles) -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {10**17}\r\n\r\n".encode()
    server = ResultsServer(BODY, faults=[Fault(answer=head + BODY)])
    progress = await fetch_all(server, files)
    assert progress.state is State.FAILED
    assert "No space left" in progress.error
    assert files.size == 0


async def test_a_body_of_unknown_length_is_stopped_before_the_disk_is_full_and_resumed(
    files: ResultFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve, room = 5_000_000, 10_000_000
    body = body_of(COUNT, text_chars=2 * room // COUNT)
    assert len(body) > room

    def small_disk(_: Path) -> SimpleNamespace:
        return SimpleNamespace(f_bavail=room - files.size, f_frsize=1)

    monkeypatch.setattr(writer, "RESERVE_BYTES", reserve)
    with monkeypatch.context() as patch:
        patch.setattr("batchtui.results.files.os.statvfs", small_disk)
        progress = await fetch_all(ResultsServer(body, has_length=False), files)
        assert progress.state is State.FAILED
        assert "No space left" in progress.error
        assert reserve < files.size < room
    server = ResultsServer(body, has_length=False)
    assert (await fetch_all(server, files)).state is State.COMPLETE
    assert server.sent < len(body), "what is here is not fetched again"
    assert_true_index(files, body)


async def test_results_of_more_requests_than_there_are_is_no_success(files: ResultFiles) -> None:
    server = ResultsServer(BODY)
    progress = await fetch_all(server, files, expected=COUNT - 2)
    assert progress.state is State.INCOMPLETE
    assert f"{COUNT} results for {COUNT - 2} requests" in progress.error
    assert (len(server.starts), files.is_complete) == (1, False)


async def test_refusals_in_between_are_waited_out(files: ResultFiles) -> None:
    busy = error_answer("429 Too Many Requests", "rate_limit_error", "Slow down", "retry-after-ms: 5")
    broken = error_answer("500 Internal Server Error", "api_error", "Oops")
    faults = [Fault(answer=busy), Fault(cut_body=MID_LINE), Fault(answer=broken), Fault(answer=busy)]
    server = ResultsServer(BODY, faults=[*faults, *[Fault(answer=broken)] * 5])
    assert (await fetch_all(server, files)).state is State.COMPLETE
    assert_true_index(files, BODY)
    assert server.sent == len(BODY)


async def test_a_final_refusal_says_why_and_keeps_what_is_here(files: ResultFiles) -> None:
    gone = error_answer("404 Not Found", "not_found_error", "Results expired", "request-id: req_7")
    server = ResultsServer(BODY, faults=[Fault(cut_body=MID_LINE), Fault(answer=gone)])
    progress = await fetch_all(server, files)
    assert progress.state is State.FAILED
    assert "Results expired" in progress.error
    assert "req_7" in progress.error
    assert files.data.read_bytes() == BODY[:MID_LINE]
    assert progress.rows_here == BODY[:MID_LINE].count(b"\n") == len(all_rows(files))


async def test_a_server_that_stays_away_is_given_up(files: ResultFiles) -> None:
    server = ResultsServer(BODY, faults=broken_after(MID_LINE))
    progress = await fetch_all(server, files)
    assert progress.state is State.FAILED
    assert progress.error
    assert progress.bytes_here == MID_LINE


async def test_an_empty_batch_is_complete(files: ResultFiles) -> None:
    assert (await fetch_all(ResultsServer(b""), files, expected=0)).state is State.COMPLETE
    assert files.is_complete
    assert all_rows(files) == []


async def test_a_body_without_last_newline_is_complete(files: ResultFiles) -> None:
    body = BODY.removesuffix(b"\n")
    assert (await fetch_all(ResultsServer(body), files)).state is State.COMPLETE
    assert_true_index(files, body)


async def test_a_complete_file_needs_no_server(files: ResultFiles) -> None:
    await fetch_all(ResultsServer(BODY), files)
    for path in files.index_parts():
        path.unlink(missing_ok=True)
    server = ResultsServer(b"")
    assert (await fetch_all(server, files)).state is State.COMPLETE
    assert server.starts == []
    assert_true_index(files, BODY)


MANY = 20_000
LARGE = body_of(MANY, text_chars=1000)
LAZY = Pace(ahead_bytes=1_000_000, idle_seconds=0.05, backoff=Backoff(0.005, 30.0))


async def test_it_reads_only_some_way_past_what_is_wanted(files: ResultFiles) -> None:
    server = ResultsServer(LARGE)
    async with (
        serving(server) as open_results,
        Watched(Fetcher(files, open_results, expected=MANY, pace=LAZY)) as watched,
    ):
        first = await watched.reached(lambda p: p.state is State.AHEAD)
        assert 1_000_000 <= files.size < len(LARGE) // 2
        assert len(all_rows(files)) == files.data.read_bytes().count(b"\n")

        watched.fetcher.want(first.rows_here + 1000)
        more = await watched.reached(
            lambda p: p.state is State.AHEAD and p.rows_here > first.rows_here + 1000
        )
        assert more.rows_here < MANY

        watched.fetcher.want_all()
        assert (await watched.reached(lambda p: p.is_final)).state is State.COMPLETE
    assert files.data.read_bytes() == LARGE
    assert sum(start or 0 for start in server.starts) + server.sent >= len(LARGE)


async def test_an_idle_stream_is_closed_and_lets_others_in(files: ResultFiles) -> None:
    server = ResultsServer(LARGE)
    async with (
        serving(server) as open_results,
        Watched(Fetcher(files, open_results, expected=MANY, pace=LAZY)) as watched,
    ):
        await watched.reached(lambda p: p.state is State.AHEAD)
        other = Fetcher(files, open_results, expected=MANY, pace=LAZY)
        other.want_all()
        assert (await asyncio.wait_for(other.run(), 10)).state is State.COMPLETE
        watched.fetcher.want_all()
        assert (await watched.reached(lambda p: p.is_final)).state is State.COMPLETE
    assert files.data.read_bytes() == LARGE
    assert len(server.starts) == 2


async def test_pause_and_resume_by_hand(files: ResultFiles) -> None:
    async with serving(ResultsServer(LARGE)) as open_results:
        fetcher = Fetcher(files, open_results, expected=MANY, pace=LAZY)
        fetcher.want_all()
        fetcher.pause()
        async with Watched(fetcher) as watched:
            await watched.reached(lambda p: p.state is State.PAUSED)
            assert files.size == 0
            fetcher.resume()
            assert (await watched.reached(lambda p: p.is_final)).state is State.COMPLETE


async def test_two_at_once_fetch_it_once(files: ResultFiles) -> None:
    server = ResultsServer(LARGE)
    async with serving(server) as open_results:
        both = [Fetcher(files, open_results, expected=MANY, pace=LAZY) for _ in range(2)]
        seen: list[State] = []
        both[1].on_progress = lambda progress: seen.append(progress.state)
        for fetcher in both:
            fetcher.want_all()
        ends = await asyncio.gather(*(fetcher.run() for fetcher in both))
    assert [end.state for end in ends] == [State.COMPLETE] * 2
    assert [end.rows_here for end in ends] == [MANY] * 2
    assert State.FOLLOWING in seen
    assert server.sent == len(LARGE)


async def test_rows_can_be_read_while_the_rest_is_still_coming(files: ResultFiles) -> None:
    held = asyncio.Event()

    class HeldServer(ResultsServer):
        async def _send(self, writer: asyncio.StreamWriter, body: bytes, *, in_chunks: bool) -> None:
            await super()._send(writer, body[:20_000], in_chunks=in_chunks)
            await held.wait()
            await super()._send(writer, body[20_000:], in_chunks=in_chunks)

    async with (
        serving(HeldServer(BODY)) as open_results,
        Watched(Fetcher(files, open_results, expected=COUNT, pace=QUICK)) as watched,
    ):
        await watched.reached(lambda p: p.rows_here > 10)
        with Results(files) as results:
            assert results.row(3).custom_id == "request-3"
            assert not files.is_complete
            held.set()
            await watched.reached(lambda p: p.is_final)
            assert results.rows_here == COUNT
            assert results.find("request-299") is not None


async def test_a_cancelled_fetch_can_be_taken_up_again(files: ResultFiles) -> None:
    server = ResultsServer(LARGE)
    async with serving(server) as open_results:
        fetcher = Fetcher(files, open_results, expected=MANY, pace=QUICK)
        fetcher.want_all()
        async with Watched(fetcher) as watched:
            await watched.reached(lambda p: p.rows_here > 500)
        here = files.size
        assert 0 < here < len(LARGE)
        assert (await fetcher.run()).state is State.COMPLETE
    assert server.starts == [None, here]
    assert files.data.read_bytes() == LARGE


async def test_breaks_are_borne_as_long_as_something_comes(files: ResultFiles) -> None:
    server = ResultsServer(BODY, faults=[Fault(cut_body=3000)] * 20)
    assert (await fetch_all(server, files)).state is State.COMPLETE
    assert server.starts == [None, *range(3000, 63_000, 3000)]
    assert_true_index(files, BODY)


async def test_cancelling_at_any_moment_leaves_no_gap(files: ResultFiles) -> None:
    async with serving(ResultsServer(LARGE, piece_seconds=0.0001)) as open_results:
        for pause in range(20):
            fetcher = Fetcher(files, open_results, expected=MANY, pace=QUICK)
            fetcher.want_all()
            running = asyncio.create_task(fetcher.run())
            await asyncio.sleep(0.003 * pause)
            running.cancel()
            await asyncio.wait([running])
            assert LARGE.startswith(files.data.read_bytes() if files.size else b"")
    assert (await fetch_all(ResultsServer(LARGE), files, expected=MANY)).state is State.COMPLETE
    assert files.data.read_bytes() == LARGE


async def test_a_reader_notices_an_index_that_was_made_anew(files: ResultFiles) -> None:
    await fetch_all(ResultsServer(BODY), files)
    with Results(files) as results:
        assert results.rows_here == COUNT
        files.remove()
        assert results.rows_here == 0
        fewer = body_of(20)
        await fetch_all(ResultsServer(fewer), files, expected=20)
        assert results.rows_here == 20
        assert results.raw(results.row(7)) == fewer.split(b"\n")[7]

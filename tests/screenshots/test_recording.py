"""The animated SVG of the demo, and the check that no picture has empty boxes for characters."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.segment import Segment
from rich.style import Style

from screenshots.animation import CELL_WIDTH, MARGIN, Frame, animate
from screenshots.fonts import missing
from screenshots.recording import LARGEST_BYTES

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
NO_FONT_HAS_IT = "\U000efff0"
HAS_FONT = any(Path("/usr/share/fonts").rglob("DejaVuSansMono.ttf"))


def frame(*lines: str, seconds: float = 1.0) -> Frame:
    return Frame([[Segment(line.ljust(10), Style(color="#ffffff"))] for line in lines], "key", seconds)


def test_each_frame_is_visible_in_its_part_of_the_loop_and_in_no_other() -> None:
    svg = animate([frame("a", seconds=1), frame("b", seconds=3)], "#000000")

    visible = re.findall(r"@keyframes (k\d).*?([\d.]+)%\{visibility:visible\}([\d.]+)%", svg)
    assert visible == [("k0", "0.000", "25.000"), ("k1", "25.000", "100.000")]
    assert svg.count("4s step-end infinite") == 2


def test_a_line_of_several_frames_is_written_once() -> None:
    svg = animate([frame("same", "one"), frame("same", "two")], "#000000")

    defined = ElementTree.fromstring(svg).findall(f"{SVG}defs/{SVG}g")
    assert ["".join(line.itertext()) for line in defined] == ["same", "one", "two"]


def test_text_is_escaped_and_pinned_to_its_cells() -> None:
    svg = animate([frame("  <漢> &")], "#000000")

    (text,) = ElementTree.fromstring(svg).findall(f"{SVG}defs//{SVG}text")
    assert text.text == "<漢>\N{NO-BREAK SPACE}&"
    assert float(text.attrib["x"]) == pytest.approx(MARGIN + 2 * CELL_WIDTH)
    assert float(text.attrib["textLength"]) == pytest.approx(6 * CELL_WIDTH)


def test_a_character_that_no_font_has_is_named() -> None:
    assert missing(f"plain {NO_FONT_HAS_IT}") == NO_FONT_HAS_IT


@pytest.mark.skipif(not HAS_FONT, reason="needs the font of the pictures")
def test_a_character_that_the_font_has_is_not_named() -> None:
    assert missing("plain │ ✓ e\N{COMBINING ACUTE ACCENT}") == ""


def test_the_recording_in_the_repository_is_small() -> None:
    recording = ROOT / "screenshots" / "demo.svg"
    if not recording.exists():
        pytest.skip("the source distribution has no pictures")
    ElementTree.parse(recording)
    assert recording.stat().st_size <= LARGEST_BYTES

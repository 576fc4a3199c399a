"""Settings as they are read from a real config.toml, and what is said about mistakes in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchtui.config import ConfigError, Settings, load_settings
from batchtui.config.document import Document


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.touch(mode=0o600)
    return path


def error(config: Path, text: str) -> str:
    """Writes the file and answers what is said about it, less the path that it must start with."""
    config.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(config)
    message = str(caught.value)
    assert message.startswith(str(config))
    return message.removeprefix(str(config))


def test_without_a_file_everything_is_at_its_default(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "config.toml") == Settings()


def test_everything_can_be_set(config: Path) -> None:
    config.write_text(
        """
        theme = "light"
        poll_selected = 2.5
        poll_list = 60
        notify_osc9 = true
        mouse = false
        results = "whole"
        profile = "prod"
        [keys]
        "batches.cancel" = "x, ctrl+x"
        [profiles.prod]
        read_only = true
        """
    )
    assert load_settings(config) == Settings(
        theme="light",
        poll_selected=2.5,
        poll_list=60,
        notify_osc9=True,
        mouse=False,
        results="whole",
        keys={"batches.cancel": "x,ctrl+x"},
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\npol_list = 3", ', line 2, pol_list: unknown key; did you mean "poll_list"?'),
        ("poll_list = 0", ", line 1, poll_list: must be a number of seconds from 1 to 3600"),
        ("poll_list = nan", ", line 1, poll_list: must be a number of seconds from 1 to 3600"),
        ("poll_selected = true", ", line 1, poll_selected: must be a number of seconds from 1 to 3600"),
        ("# one\nmouse = 1", ", line 2, mouse: must be true or false"),
        ('results = "all"', ', line 1, results: must be "lazy" or "whole"'),
        ("results = []", ', line 1, results: must be "lazy" or "whole"'),
        ("theme = 16", ", line 1, theme: must be the name of a theme in quotes"),
        ('theme = "drak"', ', line 1, theme: no such theme; did you mean "dark"?'),
        ('theme = "zzz"', ", line 1, theme: no such theme; known are: ansi, dark, light"),
        ("keys = 3", ", line 1, keys: must be a table of binding ids and keys"),
        (
            '[keys]\n\n"batches.cancle" = "x"',
            ', line 3, keys.batches.cancle: unknown key; did you mean "batches.cancel"?',
        ),
        (
            '[keys]\n"batches.cancel" = "x,,y"',
            ', line 2, keys.batches.cancel: must be known keys joined by commas, like "x,ctrl+x,delete"',
        ),
        (
            'keys = { "batches.cancel" = "\\u001b" }',
            ', line 1, keys.batches.cancel: must be known keys joined by commas, like "x,ctrl+x,delete"',
        ),
        *(
            (
                f'[keys]\n"batches.cancel" = "{key}"',
                ', line 2, keys.batches.cancel: must be known keys joined by commas, like "x,ctrl+x,delete"',
            )
            for key in ("hyper+x", "ctlr+x", "pgdn", "xx", "ctrl+")
        ),
        (
            '[keys]\n"batches.mark" = "u"\n"batches.cancel" = "d"',
            ', line 3, keys.batches.cancel: "d" is also the key of batches.delete; choose another one',
        ),
        (
            '[keys]\n"results.export" = "slash"',
            ', line 2, keys.results.export: "slash" is also the key of everywhere.filter; choose another one',
        ),
        ("profile = 1", ", line 1, profile: must be the name of a profile in quotes"),
        ("profiles = 1", ", line 1, profiles: must be a table of profiles"),
        ("mouse = true\nmouse =", ", line 2: is not valid TOML: Invalid value"),
        (
            "mouse = true\n[keys",
            ", line 2: is not valid TOML: Expected ']' at the end of a table declaration",
        ),
    ],
)
def test_mistakes_are_named_with_their_line(config: Path, text: str, said: str) -> None:
    assert error(config, text) == said


def test_a_file_that_is_no_text_is_named(config: Path) -> None:
    config.write_bytes(b"theme = '\xff'")
    with pytest.raises(ConfigError, match=r"config\.toml: is not UTF-8 text$"):
        load_settings(config)
    with pytest.raises(ConfigError, match=r": cannot be read: Is a directory$"):
        load_settings(config.parent)


def test_a_file_that_others_control_is_refused(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.chmod(0o666)
    assert ": can be changed by anyone; run: chmod o-w " in error(config, "")
    config.chmod(0o600)
    os.chown(config, 4242, -1) if os.geteuid() == 0 else monkeypatch.setattr(os, "geteuid", lambda: 4242)
    assert error(config, "") == ": belongs to somebody else; use a file of your own"


def test_lines_are_found_in_every_way_to_write_a_key() -> None:
    text = """[profiles.prod]
version = "1"
["profiles".'two words']
 a.b = 1
"c=d" = 2
[profiles]
"""
    document = Document(Path("config.toml"), text)
    lines = {
        ("profiles", "prod", "version"): 2,
        ("profiles", "prod", "absent"): 1,
        ("profiles", "two words", "a", "b"): 4,
        ("profiles", "two words", "c=d"): 5,
        ("absent",): None,
    }
    assert {keys: document.source(*keys).line for keys in lines} == lines


@given(st.text(), st.lists(st.text(), min_size=1, max_size=3))
def test_looking_for_a_line_never_fails(text: str, keys: list[str]) -> None:
    line = Document(Path("config.toml"), text).source(*keys).line
    assert line is None or 1 <= line <= len(text.splitlines())

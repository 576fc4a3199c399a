"""Folders and files that only their owner can open, on a real disk."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from batchtui.config import ConfigError, cache_dir, config_dir, data_dir, open_private, private_dir


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_option_wins_over_the_variable_over_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    env = {"BATCHTUI_CACHE_DIR": str(tmp_path / "variable")}
    assert cache_dir(tmp_path / "option", env) == tmp_path / "option"
    assert cache_dir(None, env) == tmp_path / "variable"
    platform = {cache_dir(None, {"BATCHTUI_CACHE_DIR": ""}), data_dir(), config_dir()}
    assert all(path.is_relative_to(tmp_path) and path.name == "batchtui" for path in platform)


def test_a_relative_cache_folder_survives_a_change_of_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cache_dir(Path("here"), {}) == tmp_path / "here"


def test_asking_for_a_place_creates_nothing(tmp_path: Path) -> None:
    cache_dir(tmp_path / "cache", {})
    assert list(tmp_path.iterdir()) == []


def test_missing_folders_are_created_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two"
    assert private_dir(path) == path
    assert private_dir(path) == path
    assert mode(path) == mode(path.parent) == 0o700


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private_dir(tmp_path)
    assert mode(tmp_path) == 0o755


@pytest.mark.parametrize("others", [0o720, 0o702])
def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path, others: int) -> None:
    path = tmp_path / "with blank"
    path.mkdir()
    path.chmod(others)
    with pytest.raises(ConfigError, match=r"Others may write to .*; run: chmod 700 '.*with blank'$"):
        private_dir(path)


@pytest.mark.parametrize("target", [".", "nowhere"])
def test_a_symbolic_link_is_refused(tmp_path: Path, target: str) -> None:
    link = tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(ConfigError, match="link is a symbolic link; name the folder itself"):
        private_dir(link)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file is not a folder"):
        private_dir(tmp_path / "file")
    with pytest.raises(ConfigError, match=r"Cannot create the folder .*below: Not a directory"):
        private_dir(tmp_path / "file" / "below")


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(ConfigError, match="belongs to somebody else"):
        private_dir(tmp_path)


def test_files_are_opened_for_their_owner_alone(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.touch()
    old.chmod(0o644)
    for path in (new, old):
        with open(path, "w", opener=open_private) as file:
            file.write("kept")
        assert (mode(path), path.read_text()) == (0o600, "kept")


def test_a_file_is_not_opened_through_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "target").chmod(0o644)
    (tmp_path / "link").symlink_to("target")
    with pytest.raises(OSError, match="symbolic link") as caught:
        open_private(str(tmp_path / "link"), os.O_RDWR)
    assert caught.value.errno == errno.ELOOP
    assert mode(tmp_path / "target") == 0o644

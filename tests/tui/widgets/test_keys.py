"""The table of keys: names are unique, keys do not clash, destructive ones go when read-only."""

from __future__ import annotations

import string

import pytest
from textual.binding import Binding, BindingsMap
from textual.keys import _character_to_key

from batchtui.config.keys import GROUP_TITLES, KEYS, Group, clash, key_name, keys_of, keys_on
from batchtui.tui.keys import bindings


def test_names_are_unique_and_groups_have_titles() -> None:
    assert len({key.id for key in KEYS}) == len(KEYS)
    assert {key.group for key in KEYS} == set(GROUP_TITLES)


@pytest.mark.parametrize("screen", ["batches", "results"])
def test_no_key_acts_twice_on_a_screen(screen: Group) -> None:
    names = [name for key in keys_on(screen) for name in key.keys]
    assert len(set(names)) == len(names)


def test_bindings_carry_names_by_which_a_keymap_changes_them() -> None:
    held = BindingsMap(bindings("batches"))
    held.apply_keymap({"batches.cancel": "x"})
    assert [binding.action for binding in held.key_to_bindings["x"]] == ["cancel"]
    assert "c" not in held.key_to_bindings


def test_keys_that_can_lose_something_are_not_bound_when_read_only() -> None:
    actions = {binding.action for binding in bindings("batches") if isinstance(binding, Binding)}
    left = {binding.action for binding in bindings("batches", read_only=True) if isinstance(binding, Binding)}
    assert actions - left == {"cancel", "delete", "new"}
    assert {key.action for key in keys_of("batches", read_only=True)} == left


def test_keys_come_group_by_group_and_are_written_as_people_do() -> None:
    keys = keys_of("list", "batches")
    assert (keys[0].id, keys[-1].id) == ("list.open", "batches.profile")
    assert [key.all_shown for key in keys if key.action == "page_down"] == ["pgdn  ctrl+f"]


@pytest.mark.parametrize("character", [*string.punctuation, *string.ascii_letters, *string.digits])
def test_a_character_is_named_as_textual_names_it(character: str) -> None:
    assert key_name(character) == _character_to_key(character)


def test_keys_by_default_are_known_and_do_not_clash() -> None:
    assert all(key_name(name) for key in KEYS for name in key.keys)
    assert clash({key.id: ",".join(key.keys) for key in KEYS}) is None

"""A secret stays one, however it is looked at."""

from __future__ import annotations

import copy
import pickle

import pytest

from batchtui.config import Secret


def test_a_secret_never_shows_itself() -> None:
    secret = Secret("hidden-value")
    assert "hidden" not in f"{secret} {secret!r} {secret:>40} {[secret]}"
    assert secret.reveal() == "hidden-value"


def test_secrets_compare_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a") != "a"


def test_a_secret_cannot_be_written_or_copied_out() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret("a"))
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.deepcopy(Secret("a"))

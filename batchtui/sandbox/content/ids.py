"""Common styles of custom_ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LANGUAGES = ("de", "fr", "ja", "zh", "ar", "ko", "es", "pt")

CUSTOM_ID_STYLES: tuple[Callable[[int], str], ...] = (
    lambda n: f"req-{n:06d}",
    lambda n: f"doc_{n:07d}_{'abcdef'[n % 6]}",
    lambda n: f"eval-{n % 97:02d}-{n // 97:04d}",
    lambda n: f"ticket-{48_211 + 3 * n}",
    lambda n: f"{(n * 2_654_435_761 + 97) % 2**32:08x}-{n % 65_536:04x}-4{n % 4096:03x}-8000-{n:012x}",
    lambda n: f"row{n}",
    lambda n: f"{LANGUAGES[n % 8]}_{n // 8:05d}",
    lambda n: f"run7_{'train' if n % 5 else 'test'}_{n}_attempt-1",
    lambda n: f"customer-feedback-2026-q4_region-emea_segment-enterprise_{n:07d}",
)
"""Functions that return the custom_id of request n."""

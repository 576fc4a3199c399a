"""Cost of batched requests by model, from an offline price table.

The table takes half a second to import, so it is imported on the first use of `price`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchtui.cost.tokens import Cost, ModelCost, Tokens, Usage, add_tokens
from batchtui.lazy import lazy_names

if TYPE_CHECKING:
    from batchtui.cost.prices import price

__all__ = ["Cost", "ModelCost", "Tokens", "Usage", "add_tokens", "price"]

if not TYPE_CHECKING:
    __getattr__ = lazy_names(__name__, {"price": "batchtui.cost.prices"})

"""What batched requests cost, by model, from a table of prices that needs no network. A leaf.

The table takes half a second to import, and most sessions ask for no cost: it comes with the first `price`.
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

"""Checking JSON against the official SDK's response models, more strictly than the SDK itself does.

The SDK builds its models leniently, and gives each nullable field a default. Here a field that is missing on
the wire is a fault whether it may be null or not, and so is a value of a wrong type and a key of no model.
"""

from __future__ import annotations

import functools
import json
import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

BESIDE = {"details"}
"""Keys of errors that the SDK reads beside its models."""


def faults(model: Any, value: Any, *, optional: bool = True) -> list[str]:  # noqa: ANN401 (JSON, and any type)
    """What is wrong with a value that should be of this model.

    Args:
        model: A response model of the SDK, or a union of them.
        value: The JSON, parsed.
        optional: Whether fields with a default have to be there too.

    Returns:
        One sentence for each fault.
    """
    try:
        _adapter(model).validate_json(json.dumps(value))
    except ValidationError as error:
        return [str(error)]
    return _differences(model, value, "$", optional)


@functools.cache
def _adapter(model: Any) -> TypeAdapter[Any]:  # noqa: ANN401
    return TypeAdapter(model)


def _differences(annotation: Any, value: Any, where: str, optional: bool) -> list[str]:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _in_model(annotation, value, where, optional)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _differences(arguments[0], value, where, optional)
    if origin in (Union, types.UnionType):
        return _in_union(arguments, value, where, optional)
    if origin is list and isinstance(value, list):
        parts = (_differences(arguments[0], one, f"{where}[{n}]", optional) for n, one in enumerate(value))
        return [fault for part in parts for fault in part]
    return []


def _in_union(members: tuple[Any, ...], value: Any, where: str, optional: bool) -> list[str]:  # noqa: ANN401
    """The faults by the member that fits best: only one of them has the value's `type`."""
    found = [_differences(one, value, where, optional) for one in members if _fits(one, value)]
    return min(found, key=len) if found else [f"{where}: {value!r:.80} fits no member of the union"]


def _fits(member: Any, value: Any) -> bool:  # noqa: ANN401
    try:
        _adapter(member).validate_json(json.dumps(value))
    except ValidationError:
        return False
    return True


def _in_model(model: type[BaseModel], value: dict[str, Any], where: str, optional: bool) -> list[str]:
    names = {field.alias or name: field for name, field in model.model_fields.items()}
    wanted = {name for name, field in names.items() if optional or field.is_required()}
    found = [f"{where}.{name} is missing" for name in sorted(wanted - value.keys())]
    if optional:
        found += [f"{where}.{name} is unknown" for name in sorted(value.keys() - names.keys() - BESIDE)]
    for name in names.keys() & value.keys():
        found += _differences(names[name].annotation, value[name], f"{where}.{name}", optional)
    return found

"""Strict validation of JSON against the official SDK's response models.

The SDK is lenient and gives nullable fields a default. Here missing fields, even nullable ones, wrong types
and unknown keys are errors.
"""

from __future__ import annotations

import functools
import json
import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

EXTRA_KEYS = {"details"}
"""Keys of errors that the SDK reads but its models lack."""


def schema_errors(model: Any, value: Any, *, optional: bool = True) -> list[str]:  # noqa: ANN401 (JSON, and any type)
    """Return the errors of a value against a model, one message each.

    Args:
        model: A response model of the SDK, or a union of them.
        value: The parsed JSON.
        optional: Whether to require fields with a default too, and to reject unknown keys.
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
        parts = (_differences(arguments[0], item, f"{where}[{n}]", optional) for n, item in enumerate(value))
        return [error for part in parts for error in part]
    return []


def _in_union(members: tuple[Any, ...], value: Any, where: str, optional: bool) -> list[str]:  # noqa: ANN401
    """Return the errors for the best matching member."""
    errors = [_differences(member, value, where, optional) for member in members if _matches(member, value)]
    return min(errors, key=len) if errors else [f"{where}: {value!r:.80} matches no member of the union"]


def _matches(member: Any, value: Any) -> bool:  # noqa: ANN401
    try:
        _adapter(member).validate_json(json.dumps(value))
    except ValidationError:
        return False
    return True


def _in_model(model: type[BaseModel], value: dict[str, Any], where: str, optional: bool) -> list[str]:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    required = {name for name, field in fields.items() if optional or field.is_required()}
    errors = [f"{where}.{name} is missing" for name in sorted(required - value.keys())]
    if optional:
        errors += [f"{where}.{name} is unknown" for name in sorted(value.keys() - fields.keys() - EXTRA_KEYS)]
    for name in fields.keys() & value.keys():
        errors += _differences(fields[name].annotation, value[name], f"{where}.{name}", optional)
    return errors

"""Typed values to JSON and back: a missing number is null, an infinite one is text."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

INFINITE = {"inf": math.inf, "-inf": -math.inf}
"""JSON has no number for them."""

NAMES = {str: "text", int: "a whole number", bool: "true or false", float: "a number"}


def encode(value: Any) -> Any:
    """Return the value as JSON can hold it: NaN as None, infinity as `"inf"` or `"-inf"`."""
    if isinstance(value, float):
        return _encode_float(value)
    if isinstance(value, Mapping):
        return {key: encode(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [encode(one) for one in value]
    return value


def decode(value: Any, kind: Any, where: str = "") -> Any:
    """Return decoded JSON as its type says; keys that the type does not have are left out.

    Args:
        value: what `json.loads` returned.
        kind: a `TypedDict`, `dict[str, X]`, `list[X]`, `X | None`, `Literal`, `Any` or a scalar
            type. A float may be null (NaN) or text (infinite); an `X | None` that is null is None.
        where: keys on the way here, joined by dots, for the message.

    Raises:
        ValueError: a key is lacking, or a value is of another type; says where.
    """
    if kind is Any:
        return value
    if is_typeddict(kind):
        return _decode_keys(value, kind, where)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        (inner,) = (one for one in get_args(kind) if one is not type(None))
        return None if value is None else decode(value, inner, where)
    if origin is Literal:
        return _decode_literal(value, get_args(kind), where)
    if origin in (dict, list):
        return _decode_many(value, kind, where)
    return _decode_scalar(value, kind, where)


def _encode_float(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return float(value)


def _decode_keys(value: Any, kind: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where or 'the file'} must be an object, got {value!r}")
    hints = _hints(kind)
    if lacking := [key for key in hints if key not in value]:
        raise ValueError(f"the key {_join(where, lacking[0])} is lacking")
    return {key: decode(value[key], hint, _join(where, key)) for key, hint in hints.items()}


@lru_cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode_many(value: Any, kind: Any, where: str) -> Any:
    origin, (*keys, inner) = get_origin(kind), get_args(kind)
    if not isinstance(value, origin):
        raise ValueError(f"{where} must be {'an object' if keys else 'a list'}, got {value!r}")
    if not keys:
        return [decode(one, inner, f"{where}[{place}]") for place, one in enumerate(value)]
    return {
        decode(key, keys[0], f"a key of {where}"): decode(one, inner, _join(where, key))
        for key, one in value.items()
    }


def _decode_literal(value: Any, allowed: tuple[Any, ...], where: str) -> Any:
    if value not in allowed:
        raise ValueError(f"{where} must be one of {', '.join(allowed)}, got {value!r}")
    return value


def _decode_scalar(value: Any, kind: type, where: str) -> Any:
    if kind is float and (value is None or (isinstance(value, str) and value in INFINITE)):
        return math.nan if value is None else INFINITE[value]
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:  # true is no number
        raise ValueError(f"{where} must be {NAMES[kind]}, got {value!r}")
    return value


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key

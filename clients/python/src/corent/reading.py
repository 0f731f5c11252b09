"""Turns JSON into the dataclasses of `answers`, by their type hints."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from corent.answers import Answer
from corent.errors import MalformedAnswerError

T = TypeVar("T")

_OUTSIDE = frozenset(field.name for field in fields(Answer))


def read(kind: type[T], document: object, **outside: object) -> T:
    """Return document as a kind; `outside` is what the answer's headers say. Unknown fields are left out.

    Raises MalformedAnswerError naming the first field that is missing or of another type.
    """
    value: T = _dataclass(kind, document, where="", outside=outside)
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _dataclass(kind: Any, document: object, *, where: str, outside: Mapping[str, object]) -> Any:
    if not isinstance(document, dict):
        raise MalformedAnswerError(f"The answer's {where or 'body'} is not an object.")
    values: dict[str, Any] = {}
    hints = _hints(kind)
    for field in fields(kind):
        place = f"{where}.{field.name}" if where else field.name
        if field.name in _OUTSIDE and issubclass(kind, Answer):
            continue
        if field.name in document:
            values[field.name] = _value(hints[field.name], document[field.name], where=place)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise MalformedAnswerError(f"The answer has no {place}.")
    if issubclass(kind, Answer):
        values |= {"raw": document, **outside}
    return kind(**values)


def _value(hint: Any, value: object, *, where: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (hint,) = (each for each in get_args(hint) if each is not types.NoneType)
        return _value(hint, value, where=where)
    if is_dataclass(hint):
        return _dataclass(hint, value, where=where, outside={})
    if origin is tuple and isinstance(value, list):
        item = get_args(hint)[0]
        return tuple(_value(item, each, where=f"{where}[{place}]") for place, each in enumerate(value))
    if origin is Mapping and isinstance(value, dict):
        item = get_args(hint)[1]
        return {name: _value(item, each, where=f"{where}.{name}") for name, each in value.items()}
    if hint is Any:
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # A bool is an int to Python, and none to the API.
    if isinstance(hint, type) and isinstance(value, hint) and isinstance(value, bool) == (hint is bool):
        return value
    raise MalformedAnswerError(f"The answer's {where} is not of the type it should be.")

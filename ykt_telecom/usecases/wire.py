"""Orders and results as JSON, for the socket beside a running service and for answers that are kept.

Orders are judged strictly: a field that is not known, missing or of another type is refused, not passed over.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ..texts.refusals import invalid
from .results import Done, Refused, Result, Waits

_CONFIG = ConfigDict(extra="forbid", strict=True, ser_json_bytes="base64", val_json_bytes="base64")


@cache
def _list_of(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(tuple[kind, ...], config=_CONFIG)


def _dump(kind: Any, value: Any) -> bytes:
    return bytes(_list_of(kind).dump_json((value,))[1:-1])


def _load(kind: Any, told: Any) -> Any:
    return _list_of(kind).validate_json(json.dumps([told]))[0]


def orders_to_json(kind: Any, orders: Sequence[Any]) -> bytes:
    """A JSON array."""
    return bytes(_list_of(kind).dump_json(tuple(orders)))


def orders_from_json(kind: Any, octets: bytes) -> Sequence[Any] | Refused:
    """The orders, or the refusal that names the first field that does not fit."""
    try:
        found: tuple[Any, ...] = _list_of(kind).validate_json(octets)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "items"
        return invalid(f"{where}: {first['msg']}", f"{where}: {first['msg']}")
    return found


def results_to_json(kind: Any, results: Sequence[Result[Any]]) -> bytes:
    """A JSON array of {"done": value}, {"waits": …} or {"refused": …}."""
    return b"[" + b",".join(_result(kind, result) for result in results) + b"]"


def _result(kind: Any, result: Result[Any]) -> bytes:
    match result:
        case Done():
            return b'{"done":' + _dump(kind, result.value) + b"}"
        case Waits():
            return b'{"waits":' + _dump(Waits, result) + b"}"
        case Refused():
            return b'{"refused":' + _dump(Refused, result) + b"}"


def results_from_json(kind: Any, octets: bytes) -> list[Result[Any]]:
    """The results as they were; raises ValueError for octets that are none."""
    results: list[Result[Any]] = []
    for told in json.loads(octets):
        if "done" in told:
            results.append(Done(_load(kind, told["done"])))
        elif "waits" in told:
            results.append(_load(Waits, told["waits"]))
        else:
            results.append(_load(Refused, told["refused"]))
    return results

"""Frozen values that are made once per PDU: a constructor that sets the slots directly.

A frozen dataclass's own constructor goes through `object.__setattr__` for every field; the one made here calls each
slot's setter, which costs a third. The value stays frozen, and equality, repr and defaults stay the dataclass's.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

Value = TypeVar("Value", bound=type)


def quick(value_class: Value) -> Value:
    """Decorate a `@dataclass(frozen=True, slots=True)` without default factories."""
    scope: dict[str, Any] = {}
    parameters: list[str] = []
    lines: list[str] = []
    for field in dataclasses.fields(value_class):
        scope[f"set_{field.name}"] = getattr(value_class, field.name).__set__
        if field.default is dataclasses.MISSING:
            parameters.append(field.name)
        else:
            scope[f"default_{field.name}"] = field.default
            parameters.append(f"{field.name}=default_{field.name}")
        lines.append(f"    set_{field.name}(self, {field.name})")
    source = "\n".join([f"def __init__(self, {', '.join(parameters)}):", *lines])
    exec(compile(source, f"<{value_class.__name__}>", "exec"), scope)  # noqa: S102 - built from field names only
    setattr(value_class, "__init__", scope["__init__"])  # noqa: B010 - mypy refuses the plain assignment
    return value_class

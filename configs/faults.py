"""The faults pydantic finds, in words: an unknown key is answered with the keys there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel


def what_is_wrong(fault: Mapping[str, Any], kind: Any, place: Sequence[int | str]) -> str:
    """Return what is wrong at a place, and of an unknown key which keys there are.

    Parameters
    ----------
    fault : mapping
        Of ``ValidationError.errors()``.
    kind : type
        What the content should be: a model, or a container of models.
    place : sequence of int or str
        Where in the content the fault is: ``fault["loc"]``, or the part of it inside the content.

    Examples
    --------
    >>> from pydantic import ConfigDict, ValidationError
    >>> class Step(BaseModel):
    ...     model_config = ConfigDict(extra="forbid")
    ...     height: int = 1
    >>> class Ladder(BaseModel):
    ...     steps: dict[str, Step]
    >>> try:
    ...     Ladder.model_validate({"steps": {"first": {"hight": 2}}})
    ... except ValidationError as error:
    ...     fault = error.errors()[0]
    >>> what_is_wrong(fault, Ladder, fault["loc"])
    'Extra inputs are not permitted; the keys are height'
    """
    said = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] != "extra_forbidden":
        return said
    for part in place[:-1]:
        kind = _inside(kind, part)
    return f"{said}; the keys are {', '.join(_fields(kind))}" if _fields(kind) else said


def _inside(kind: Any, part: int | str) -> Any:
    """Return what lies under a key of a model, or under any key of a container."""
    fields = _fields(kind)
    if fields:
        return fields.get(str(part))
    arguments = [argument for argument in get_args(kind) if argument is not Ellipsis]
    if NoneType in arguments:
        return _inside(arguments[0], part)
    return arguments[-1] if arguments else None


def _fields(kind: Any) -> dict[str, Any]:
    """Return a model's keys and what lies under them; nothing of what is no model."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return {}
    return {field.alias or name: field.annotation for name, field in kind.model_fields.items()}

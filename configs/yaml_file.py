"""Reading YAML files into models: what is wrong with one is said in one line, every fault of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from configs.faults import what_is_wrong

Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds.

    Raises
    ------
    ValueError
        It cannot be read, or is not YAML.
    """
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); name a YAML file") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a YAML file: {error}") from error


def parse_yaml(text: str, where: str) -> Any:
    """Return what a YAML text holds.

    Parameters
    ----------
    text : str
    where : str
        What the text came from, for the message.

    Raises
    ------
    ValueError
        It is not YAML.

    Examples
    --------
    >>> parse_yaml("limits: {max_limit: 5}", "settings.yaml")
    {'limits': {'max_limit': 5}}
    """
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{where}: not a YAML file: {' '.join(str(error).split())}") from error


def checked(model: type[Model], content: object, where: str, whole: str) -> Model:
    """Return a content as a model.

    Parameters
    ----------
    model : class
    content : object
        From `read_yaml`.
    where : str
        What the content came from, for the message.
    whole : str
        What the content is, for faults of no single key.

    Raises
    ------
    ValueError
        The content breaks a rule; the message lists every fault with its key.

    Examples
    --------
    >>> class Ladder(BaseModel):
    ...     steps: int
    >>> checked(Ladder, {"steps": "many"}, "ladder.yaml", "ladder")
    Traceback (most recent call last):
    ValueError: ladder.yaml: steps: Input should be a valid integer, unable to parse string as an integer
    """  # noqa: E501
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or whole}: "
            f"{what_is_wrong(fault, model, fault['loc'])}"
            for fault in error.errors()
        )
        raise ValueError(f"{where}: {faults}") from error

"""The model of a source: a YAML file that maps a system's extract onto the contract's tables."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from configs.yaml_file import checked, parse_yaml
from features.ledger.contract import TABLES
from features.ledger.money import EXPONENTS


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileSpec(_Frozen):
    """One file of an extract; the SQL of the tables reads it under its name."""

    path: str
    """Relative to the input folder; may be a glob. With ``format: any``, without the suffix."""
    format: Literal["csv", "parquet", "any"] = "csv"
    delimiter: str = Field(",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    required: bool = True
    columns: tuple[str, ...] = ()
    """The file is refused without these."""
    optional_columns: tuple[str, ...] = ()
    """Used where present; where absent the SQL sees NULL."""

    @field_validator("encoding")
    @classmethod
    def _known_codec(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError:
            raise ValueError(f"'{value}' is not an encoding; write utf-8, cp1252, utf-16") from None
        return value


class IdRules(_Frozen):
    """How ids that other programs have damaged are repaired."""

    repair_floats: bool = True
    """``1930571429.0`` is read as ``1930571429``."""
    merge_leading_zeros: bool = True
    """Customer ids of digits only that differ only by leading zeros are one customer."""


class Source(_Frozen):
    """A mapping from a system's extract onto the ledger."""

    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    description: str
    files: dict[str, FileSpec] = Field(min_length=1)
    views: dict[str, str] = {}
    """Intermediate results that several tables read, in the order in which they build up."""
    tables: dict[str, str] = Field(min_length=1)
    """SQL for DuckDB by table; it yields the contract's column names, and may yield
    ``occurrences``, how many lines of the extract a row stands for."""
    ids: IdRules = IdRules()
    currency: str | None = None
    """Of every amount to which the extract gives none."""
    extract_date: date | str | None = None
    """A date, or SQL that yields one. Absent: the day after the last invoice or payment."""
    left_out: dict[str, str] = {}
    """Files or columns that the mapping leaves out on purpose, each with the reason."""

    @field_validator("tables")
    @classmethod
    def _known_tables(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(value) - set(TABLES))
        if unknown:
            raise ValueError(f"no such tables: {', '.join(unknown)}; there are {', '.join(TABLES)}")
        return value

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str | None) -> str | None:
        if value is not None and value not in EXPONENTS:
            raise ValueError(f"'{value}' is not a currency of ISO 4217")
        return value


def shipped_sources() -> tuple[str, ...]:
    """Return the names of the sources that come with the package.

    Examples
    --------
    >>> "canonical" in shipped_sources()
    True
    """
    folder = files("configs") / "sources"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def load_source(name_or_path: str | Path) -> Source:
    """Read a source by the name of a shipped one or by the path of a YAML file.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The name is not that of a shipped source, or the file is not a source; one line with every
        fault.

    Examples
    --------
    >>> load_source("datarisk").currency
    'BRL'
    >>> load_source("sap")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: source 'sap': not shipped; name one of canonical, ... or the path of a YAML file
    """
    text, where = _read(name_or_path)
    content = parse_yaml(text, where)
    if not isinstance(content, dict):
        raise ValueError(f"{where}: holds no mapping; write 'name:', 'files:' and 'tables:'")
    return checked(Source, content, f"{where}: not a source", "source")


def _read(name_or_path: str | Path) -> tuple[str, str]:
    name = str(name_or_path)
    shipped = shipped_sources()
    if name in shipped:
        entry = files("configs") / "sources" / f"{name}.yaml"
        return entry.read_text(encoding="utf-8"), f"source '{name}'"
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml") and not path.exists():
        raise ValueError(
            f"source '{name}': not shipped; name one of {', '.join(shipped)} "
            "or the path of a YAML file"
        )
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such source file; shipped sources are {', '.join(shipped)}"
        )
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text; save the source as UTF-8") from error

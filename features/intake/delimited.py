"""Looking at a delimited text file before DuckDB reads it: encoding, separator, header."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

from features.intake.source import FileSpec

_SEPARATORS = (",", ";", "\t", "|")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DAMAGED_SHARE = 0.01
"""Up to this share of lines that are not UTF-8 the lines are damaged, above it the file is."""
_CHUNK = 1 << 22


class FileFault(ValueError):
    """A file that cannot be read as its source says."""


@dataclass(frozen=True)
class Delimited:
    """A delimited file that DuckDB can read.

    Parameters
    ----------
    path : Path
        UTF-8 text; a copy where the original has another encoding.
    header : tuple of str
        The columns, in the order of the file.
    """

    path: Path
    header: tuple[str, ...]


def examine(path: Path, spec: FileSpec, scratch: Path) -> Delimited:
    """Check encoding, separator and header of a delimited file.

    Parameters
    ----------
    path : Path
        The file.
    spec : FileSpec
        What the source says about it.
    scratch : Path
        A folder for a UTF-8 copy.

    Raises
    ------
    FileFault
        Empty, of another encoding, or with a header that cannot name columns.
    """
    if path.stat().st_size == 0:
        raise FileFault(f"{path}: empty file (0 bytes); export it again")
    readable = path
    if _encoding(path, spec) != "utf-8":
        readable = _transcode(path, spec.encoding, scratch)
    with readable.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        reader = csv.reader(stream, delimiter=spec.delimiter)
        names = tuple(name.strip() for name in next(reader, []))
    if not any(names):
        raise FileFault(f"{path}: the first line is empty; it must name the columns")
    header = tuple(name or f"unnamed_{place}" for place, name in enumerate(names, start=1))
    folded = [name.lower() for name in header]
    twice = sorted({name for name in header if folded.count(name.lower()) > 1})
    if twice:
        raise FileFault(f"{path}: column '{twice[0]}' appears twice; rename one of them")
    return Delimited(readable, header)


def other_separator(header: tuple[str, ...], spec: FileSpec) -> str | None:
    """Return the separator that would split a header into the wanted columns, where one does.

    Examples
    --------
    >>> other_separator(("id;amount",), FileSpec(path="a.csv", columns=("id", "amount")))
    ';'
    """
    line = spec.delimiter.join(header)
    wanted = set(spec.columns) | set(spec.optional_columns)
    best, most = None, len(wanted & set(header))
    for separator in _SEPARATORS:
        names = next(csv.reader(io.StringIO(line), delimiter=separator), [])
        found = len(wanted & {name.strip() for name in names})
        if separator != spec.delimiter and found > most:
            best, most = separator, found
    return best


def separator_text(separator: str) -> str:
    r"""Write a separator as a source file does.

    Examples
    --------
    >>> print(separator_text(";"), separator_text(chr(9)))
    ";" "\t"
    """
    return '"\\t"' if separator == "\t" else f'"{separator}"'


def _encoding(path: Path, spec: FileSpec) -> str:
    declared = codecs.lookup(spec.encoding).name
    with path.open("rb") as stream:
        start = stream.read(4)
    for bom, found in _BOMS:
        if start.startswith(bom):
            if found != "utf-8" and not declared.startswith(found):
                raise FileFault(
                    f"{path}: the file is {found.upper()} (byte order mark), the source says "
                    f"{spec.encoding}; set 'encoding: {found}' or save it as UTF-8"
                )
            return "utf-8" if found == "utf-8" else declared
    if declared in ("utf-8", "utf-8-sig", "ascii"):
        _check_utf8(path)
        return "utf-8"
    return declared


def _check_utf8(path: Path) -> None:
    lines, damaged, first = 0, 0, 0
    with path.open("rb") as stream:
        for lines, line in enumerate(stream, start=1):
            if line.isascii():
                continue
            try:
                line.decode()
            except UnicodeDecodeError:
                damaged += 1
                first = first or lines
    if damaged > lines * _DAMAGED_SHARE:
        raise FileFault(
            f"{path}: line {first} is not UTF-8 ({damaged} of {lines} lines are not); set "
            "'encoding: cp1252' (or latin-1) in the source, or save the file as UTF-8"
        )


def _transcode(path: Path, encoding: str, scratch: Path) -> Path:
    copy = scratch / f"{path.name}.utf8"
    line = 1
    try:
        with (
            path.open(encoding=encoding, newline="") as source,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            while text := source.read(_CHUNK):
                target.write(text)
                line += text.count("\n")
    except UnicodeError as error:
        raise FileFault(
            f"{path}: after line {line} the file is not {encoding}; "
            "set the right 'encoding:' in the source"
        ) from error
    return copy

"""Reading an extract's files into DuckDB, every column as text, all faults reported at once."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from features.intake.delimited import (
    Delimited,
    FileFault,
    examine,
    other_separator,
    separator_text,
)
from features.intake.source import FileSpec, Source
from features.intake.sqltext import literal, path_literal, quoted


@dataclass
class Extract:
    """What was read.

    Parameters
    ----------
    rejected : dict of str to int
        Lines by file that are no rows; the table ``rejected_lines`` holds them.
    notes : list of tuple of str
        Kind and sentence of what is worth telling about the files.
    """

    rejected: dict[str, int] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)


def read_extract(
    con: duckdb.DuckDBPyConnection, source: Source, folder: Path, scratch: Path, partial: bool
) -> Extract:
    """Read every file of a source into a table of its name, each column as text.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Receives the tables, and ``rejected_lines(file, line, content, reason)``.
    source : Source
        Says which files there are.
    folder : Path
        The extract.
    scratch : Path
        A folder for temporary copies.
    partial : bool
        A file may be missing or hold no rows, as long as one has some.

    Raises
    ------
    FileNotFoundError
        The folder does not exist, or a required file is missing (and nothing else is wrong).
    ValueError
        One line with every fault of every file.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; name the folder that holds the extract")
    con.execute(
        "CREATE TABLE rejected_lines (file VARCHAR, line BIGINT, content VARCHAR, reason VARCHAR)"
    )
    extract = Extract()
    faults: list[str] = []
    missing: list[str] = []
    used: set[Path] = set()
    for name, spec in source.files.items():
        paths = _locate(folder, spec)
        used.update(paths)
        if not paths:
            if spec.required and not partial:
                missing.append(_missing_text(folder, spec))
            elif spec.required:
                extract.notes.append(("file_absent", f"{spec.path} is not in the extract"))
            _empty_table(con, name, spec)
            continue
        try:
            _read_file(con, name, spec, paths, scratch, partial)
        except FileFault as fault:
            faults.append(str(fault))
    extract.rejected.update(
        con.execute("SELECT file, count(*) FROM rejected_lines GROUP BY file").fetchall()
    )
    if faults or missing:
        text = "; ".join([*missing, *faults])
        raise (ValueError if faults else FileNotFoundError)(text)
    extract.notes += _unused(folder, source, used)
    return extract


def _locate(folder: Path, spec: FileSpec) -> list[Path]:
    if spec.format == "any":
        found = [folder / f"{spec.path}{suffix}" for suffix in (".csv", ".parquet")]
        return [path for path in found if path.exists()]
    return sorted(folder.glob(spec.path))


def _missing_text(folder: Path, spec: FileSpec) -> str:
    wanted = f"{spec.path}.csv or .parquet" if spec.format == "any" else spec.path
    present = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    close = difflib.get_close_matches(spec.path, present, n=1)
    advice = f"did you mean '{close[0]}'?" if close else "add it to the extract"
    return f"{folder}: required file '{wanted}' is missing; {advice}"


def _unused(folder: Path, source: Source, used: set[Path]) -> list[tuple[str, str]]:
    explained = {name.strip() for key in source.left_out for name in key.split(",")}
    notes = [("left_out", f"{what}: {why}") for what, why in source.left_out.items()]
    for path in sorted(folder.iterdir()):
        if path in used or path.name.startswith(".") or path.name in explained or path.is_dir():
            continue
        if path.suffix in (".csv", ".parquet"):
            wanted = [spec.path for spec in source.files.values()]
            close = difflib.get_close_matches(path.stem, wanted, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            notes.append(
                ("file_unused", f"{path.name} is not a file of '{source.name}', not read{hint}")
            )
    return notes


def _empty_table(con: duckdb.DuckDBPyConnection, name: str, spec: FileSpec) -> None:
    columns = ", ".join(f"{quoted(c)} VARCHAR" for c in (*spec.columns, *spec.optional_columns))
    con.execute(f"CREATE OR REPLACE TABLE {quoted(name)} ({columns or 'nothing VARCHAR'})")


def _read_file(
    con: duckdb.DuckDBPyConnection,
    name: str,
    spec: FileSpec,
    paths: list[Path],
    scratch: Path,
    partial: bool,
) -> None:
    if spec.format == "any" and len(paths) > 1:
        raise FileFault(f"{paths[0]}: stands beside {paths[1].name}; remove one of them")
    parts: list[str] = []
    for place, path in enumerate(paths):
        if not path.is_file():
            raise FileFault(f"{path}: not a file; replace it by one")
        part = f"{name}__{place}"
        if path.suffix == ".parquet" or spec.format == "parquet":
            header = _load_parquet(con, part, path)
        else:
            header = _load_delimited(con, part, name, path, spec, scratch)
        absent = [column for column in spec.columns if column not in header]
        if absent:
            raise FileFault(f"{path}: {_absent_text(absent, header, spec)}")
        extra = [column for column in spec.optional_columns if column not in header]
        for column in extra:
            con.execute(f"ALTER TABLE {quoted(part)} ADD COLUMN {quoted(column)} VARCHAR")
        parts.append(f"SELECT * FROM {quoted(part)}")
    union = " UNION ALL BY NAME ".join(parts)
    con.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS {union}")
    if spec.required and not partial:
        found = con.execute(f"SELECT 1 FROM {quoted(name)} LIMIT 1").fetchone()
        broken = con.execute(
            f"SELECT 1 FROM rejected_lines WHERE file = {literal(name)} LIMIT 1"
        ).fetchone()
        if not found and not broken:
            raise FileFault(f"{paths[0]}: a header and no rows; export it again")


def _absent_text(absent: list[str], header: tuple[str, ...], spec: FileSpec) -> str:
    hints = []
    wanted = {*spec.columns, *spec.optional_columns}
    folded = {column.lower(): column for column in header if column not in wanted}
    for column in absent:
        close = difflib.get_close_matches(column.lower(), folded, n=1, cutoff=0.5)
        hints.append(f"'{column}'" + (f" (did you mean '{folded[close[0]]}'?)" if close else ""))
    plural = "columns" if len(absent) > 1 else "column"
    return f"required {plural} {', '.join(hints)} missing; the file has {', '.join(header)}"


def _load_parquet(con: duckdb.DuckDBPyConnection, part: str, path: Path) -> tuple[str, ...]:
    if path.stat().st_size == 0:
        raise FileFault(f"{path}: empty file (0 bytes); export it again")
    try:
        header = tuple(pq.read_schema(path).names)
        con.execute(
            f"CREATE OR REPLACE TABLE {quoted(part)} AS "
            f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet({path_literal(path)})"
        )
    except (OSError, ValueError, duckdb.Error) as error:
        reason = str(error).splitlines()[0]
        raise FileFault(
            f"{path}: not a whole Parquet file, perhaps cut off ({reason}); copy it again"
        ) from error
    return header


def _load_delimited(
    con: duckdb.DuckDBPyConnection, part: str, name: str, path: Path, spec: FileSpec, scratch: Path
) -> tuple[str, ...]:
    found: Delimited = examine(path, spec, scratch)
    separator = other_separator(found.header, spec)
    if separator:
        raise FileFault(
            f"{path}: separator {separator_text(separator)} found, the source says "
            f"{separator_text(spec.delimiter)}; set 'delimiter: {separator_text(separator)}' in it"
        )
    columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in found.header)
    try:
        con.execute(
            f"CREATE OR REPLACE TABLE {quoted(part)} AS SELECT * FROM read_csv("
            f"{path_literal(found.path)}, delim={literal(spec.delimiter)}, quote='\"', "
            f"escape='\"', header=true, auto_detect=false, columns={{{columns}}}, "
            "store_rejects=true, rejects_limit=0)"
        )
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise FileFault(f"{path}: cannot be read as CSV ({reason}); export it again") from error
    con.execute(
        f"INSERT INTO rejected_lines SELECT {literal(name)}, line, "
        "trim(any_value(csv_line), chr(10) || chr(13)), lower(min(error_type::VARCHAR)) "
        "FROM reject_errors GROUP BY line, file_id, scan_id"
    )
    # Rejects accumulate over reads in one connection; each file's are moved once.
    con.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
    return found.header

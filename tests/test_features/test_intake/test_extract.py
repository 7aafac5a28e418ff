"""Faults of whole files, and the lines and bytes that only damage single rows."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HEADER = "invoice_id,customer_id,issued_on,due_on,amount,currency"
LINE = "I1,C1,2024-01-10,2024-02-09,100.00,EUR"


def overwrite(folder, content, name="invoices.csv"):
    if isinstance(content, str):
        content = content.encode()
    (folder / name).write_bytes(content)


def cut_parquet(folder):
    (folder / "invoices.csv").unlink()
    path = folder / "invoices.parquet"
    pq.write_table(pa.table({"invoice_id": ["I1"] * 1000}), path)
    path.write_bytes(path.read_bytes()[:300])


def make_folder(folder):
    (folder / "invoices.csv").unlink()
    (folder / "invoices.csv").mkdir()


def both_formats(folder):
    pq.write_table(pa.table({"invoice_id": ["I1"]}), folder / "invoices.parquet")


def misnamed(folder):
    (folder / "invoices.csv").rename(folder / "invoice.csv")


FAULTS = {
    "missing file": (
        misnamed,
        FileNotFoundError,
        r"'invoices\.csv or \.parquet' is missing; did you mean 'invoice\.csv'",
    ),
    "not a file": (make_folder, ValueError, r"invoices\.csv: not a file"),
    "two forms": (both_formats, ValueError, r"stands beside invoices\.parquet; remove one"),
    "empty": (lambda f: overwrite(f, b""), ValueError, r"invoices\.csv: empty file \(0 bytes\)"),
    "header only": (lambda f: overwrite(f, HEADER + "\n"), ValueError, r"a header and no rows"),
    "missing column": (
        lambda f: overwrite(f, f"{HEADER.replace('due_on', 'due_date')}\n{LINE}\n"),
        ValueError,
        r"'due_on' \(did you mean 'due_date'\?\) missing; the file has invoice_id, customer_id",
    ),
    "column twice": (
        lambda f: overwrite(f, f"{HEADER},Amount\n{LINE},1\n"),
        ValueError,
        r"column '[Aa]mount' appears twice",
    ),
    "semicolons": (
        lambda f: overwrite(f, f"{HEADER}\n{LINE}\n".replace(",", ";")),
        ValueError,
        r"""separator ";" found, the source says ","; set 'delimiter: ";"'""",
    ),
    "tabs": (
        lambda f: overwrite(f, f"{HEADER}\n{LINE}\n".replace(",", "\t")),
        ValueError,
        r"""set 'delimiter: "\\t"'""",
    ),
    "utf-16": (
        lambda f: overwrite(f, f"{HEADER}\n{LINE}\n".encode("utf-16")),
        ValueError,
        r"the file is UTF-16 .* set 'encoding: utf-16'",
    ),
    "latin-1": (
        lambda f: overwrite(
            f, f"{HEADER}\n{LINE}\nI2,Müller,2024-01-10,2024-02-09,1,EUR\n".encode("latin-1")
        ),
        ValueError,
        r"line 3 is not UTF-8 \(1 of 3 lines are not\); set 'encoding: cp1252'",
    ),
    "truncated Parquet": (cut_parquet, ValueError, r"invoices\.parquet: not a whole Parquet file"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_file_fault_is_one_line_that_says_what_to_do(workplace, case):
    damage, kind, message = FAULTS[case]
    folder = workplace.extract()
    damage(folder)
    with pytest.raises(kind, match=message) as caught:
        workplace.load(folder)
    assert "\n" not in str(caught.value)
    assert not (workplace.ledger_root / "manifest.json").exists()


def test_all_file_faults_are_reported_together(workplace):
    folder = workplace.extract()
    (folder / "customers.csv").unlink()
    overwrite(folder, b"")
    overwrite(folder, "payment_id,paid_on\n", "payments.csv")
    with pytest.raises(ValueError, match=r"customers.*missing.*0 bytes.*'amount', 'currency'"):
        workplace.load(folder)


def test_a_folder_that_does_not_exist_is_refused(workplace):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        workplace.load(workplace.root / "nowhere")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + f"{HEADER}\n{LINE}\n".encode(),
        f"{HEADER}\n{LINE}\n".replace("\n", "\r\n").encode(),
        f"{HEADER}\n{LINE}".encode(),
        f" {HEADER.replace(',', ', ')}\n\n{LINE}\n\n".encode(),
        f"{HEADER}\n{LINE}\n".replace(",", '","')
        .replace("\n", '"\n"')
        .encode()[:-1]
        .join([b'"', b""]),
    ],
    ids=["byte order mark", "CRLF", "no last newline", "blanks and empty lines", "all quoted"],
)
def test_forms_of_csv_that_are_fine(workplace, content):
    folder = workplace.extract(payments=[])
    overwrite(
        folder,
        "payment_id,paid_on,amount,currency,invoice_id\nP1,2024-02-01,100,EUR,I1\n",
        "payments.csv",
    )
    overwrite(folder, content)
    report = workplace.load(folder)
    assert report.tables["invoices"].new == 1
    assert report.tables["invoices"].quarantined == 0


def test_lines_that_are_no_rows_go_to_the_quarantine(workplace):
    lines = [LINE.replace("I1", f"I{n}").encode() for n in range(300)]
    lines[10] = b"too,few"
    lines[20] += b",too,many"
    lines[30] = lines[30].replace(b"C1", b"M\xfcller")
    folder = workplace.extract(
        payments=[
            {
                "payment_id": "P1",
                "paid_on": "2024-02-01",
                "amount": "1",
                "currency": "EUR",
                "invoice_id": "I1",
            }
        ]
    )
    overwrite(folder, b"\n".join([HEADER.encode(), *lines]))
    report = workplace.load(folder)
    counts = report.tables["invoices"]
    assert (counts.read, counts.new, counts.quarantined) == (300, 297, 3)
    rows = [
        row for row in workplace.ledger.quarantine.to_pylist() if row["rule"] == "malformed_line"
    ]
    assert sorted(json.loads(row["source_row"])["line"] for row in rows) == [12, 22, 32]


def test_parquet_gives_the_same_ledger_as_csv(workplace, tmp_path):
    folder = workplace.extract()
    first = workplace.load(folder)
    other = tmp_path / "parquet"
    other.mkdir()
    for name in ("customers", "invoices", "payments"):
        lines = [line.split(",") for line in (folder / f"{name}.csv").read_text().splitlines()]
        columns = list(zip(*lines[1:], strict=True))
        pq.write_table(
            pa.table(dict(zip(lines[0], map(list, columns), strict=True))),
            other / f"{name}.parquet",
        )
    second = workplace.load(other)
    assert not second.changed
    assert second.fingerprint == first.fingerprint


def test_folders_may_have_names_that_look_like_patterns(workplace):
    workplace.root = workplace.root / "it's [final] *?"
    workplace.root.mkdir()
    workplace.ledger_root = workplace.root / "ledger"
    folder = workplace.extract()
    assert workplace.load(folder).tables["invoices"].new == 2
    assert workplace.load(folder).tables["invoices"].unchanged == 2


def test_another_encoding_is_read_when_the_source_names_it(workplace):
    folder = workplace.extract()
    names = "customer_id,name\nC1,Müller\nC2,Café\n"
    overwrite(folder, names.encode("cp1252"), "customers.csv")
    source = workplace.root / "mine.yaml"
    source.write_text(
        "name: mine\ndescription: x\ncurrency: EUR\nfiles:\n"
        "  c: {path: customers.csv, encoding: cp1252, columns: [customer_id, name]}\n"
        f"  i: {{path: 'inv*.csv', columns: [{HEADER}]}}\n"
        "tables:\n  customers: FROM c\n  invoices: FROM i\n"
    )
    workplace.load(folder, source=source)
    assert workplace.rows("customers", "name") == [("Müller",), ("Café",)]


def test_unknown_columns_and_files_are_noted(workplace, make_invoice):
    folder = workplace.extract(invoices=[make_invoice(1, colour="red")])
    overwrite(folder, "a\n1\n", "order.csv")
    notes = {note.kind: note.sentence for note in workplace.load(folder).notes}
    assert "colour" in notes["unknown_columns"]
    assert "did you mean 'orders'" in notes["file_unused"]


def test_a_partial_extract_may_lack_files(workplace, make_payment):
    workplace.load(workplace.extract())
    folder = workplace.root / "part"
    folder.mkdir()
    overwrite(
        folder,
        "payment_id,invoice_id,paid_on,amount,currency\nP2,I2,2024-03-02,102.50,EUR\n",
        "payments.csv",
    )
    report = workplace.load(folder, "2024-03-05", partial=True)
    assert report.tables["payments"].new == 1
    assert report.tables["invoices"].vanished == 0
    assert workplace.rows("payments", "customer_id", payment_id="P2") == [("C1",)]

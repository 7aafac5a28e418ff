"""Sources and the template: what is shipped agrees with the contract, faults are one line."""

from __future__ import annotations

import pytest

from features.intake import load_source, shipped_sources, write_template
from features.ledger.contract import TABLES


def test_the_canonical_source_names_the_contracts_columns():
    source = load_source("canonical")
    assert list(source.tables) == list(TABLES)
    for name, table in TABLES.items():
        spec = source.files[name]
        assert list(spec.columns) == [column.name for column in table.columns if column.required]
        assert list(spec.optional_columns) == [c.name for c in table.columns if not c.required]
        assert spec.required == table.required


def test_every_shipped_source_loads():
    assert set(shipped_sources()) >= {
        "canonical",
        "datarisk",
        "ibm_watson",
        "highradius_open_items",
    }
    for name in shipped_sources():
        assert load_source(name).name == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", "holds no mapping"),
        ("a: [", "not a YAML file"),
        ("name: x", "description: Field required.*files: Field required"),
        (
            "name: x\ndescription: y\nfiles: {a: {path: b}}\ntables: {sales: x}",
            "no such tables: sales",
        ),
        ("name: x\ndescription: y\nfiles: {a: {path: b}}\ntables: {}\ncolour: z", "colour: Extra"),
        (
            "name: x\ndescription: y\nfiles: {a: {path: b, encoding: q}}\ntables: {}",
            "'q' is not an enc",
        ),
        (
            "name: x\ndescription: y\ncurrency: EURO\nfiles: {a: {path: b}}\ntables: {}",
            "'EURO' is not",
        ),
    ],
)
def test_a_bad_source_is_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        load_source(path)
    assert "\n" not in str(caught.value)


def test_an_unknown_source_names_the_shipped_ones(tmp_path):
    with pytest.raises(ValueError, match="source 'nav': not shipped; name one of canonical, "):
        load_source("nav")
    with pytest.raises(
        FileNotFoundError, match="no such source file; shipped sources are canonical"
    ):
        load_source(tmp_path / "nav.yaml")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nonsense FROM customers", "SQL of 'customers' fails: .*nonsense"),
        ("SELECT name FROM customers", "yields no column 'customer_id'"),
    ],
)
def test_bad_sql_is_refused_in_one_line(workplace, sql, message):
    source = workplace.root / "mine.yaml"
    source.write_text(
        f"name: mine\ndescription: x\nfiles: {{customers: {{path: customers.csv}}}}\n"
        f"tables: {{customers: {sql}}}\n"
    )
    with pytest.raises(ValueError, match=message) as caught:
        workplace.load(workplace.extract(), source=source)
    assert "\n" not in str(caught.value)


def test_the_template_explains_every_column_and_can_be_filled(workplace, tmp_path):
    folder = tmp_path / "template"
    paths = write_template(folder)
    assert {path.name for path in paths} == {"README.md", *(f"{name}.csv" for name in TABLES)}
    page = (folder / "README.md").read_text()
    for table in TABLES.values():
        for column in table.columns:
            assert f"| {column.name} |" in page
            assert column.help in page
    rows = {
        "customers": "C1,,,,,,,,,,,,,",
        "invoices": "I1,C1,2024-01-10,2024-02-09,10.00,EUR,,,,,",
        "payments": "P1,2024-02-01,10.00,EUR,I1,,,,",
    }
    for name, row in rows.items():
        with (folder / f"{name}.csv").open("a") as stream:
            stream.write(row + "\n")
    report = workplace.load(folder)
    assert report.tables["payments"].new == 1
    assert report.rules == ()
    with pytest.raises(ValueError, match="exists; name an empty folder"):
        write_template(folder)

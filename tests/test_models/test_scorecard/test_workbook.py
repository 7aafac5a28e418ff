from __future__ import annotations

import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from openpyxl import load_workbook

from models.scorecard.card import Scorecard
from models.scorecard.editing import edited_card
from models.scorecard.record import Edit
from models.scorecard.workbook import CARD, CARD_COLUMNS, write_workbook
from models.scorecard.workbook_reading import read_workbook

EDIT = Edit("2026-01-05T10:00:00+00:00", "A. Manager", "as discussed", "3", (), ())


@pytest.fixture(scope="module")
def card(scorecard) -> Scorecard:
    return scorecard.model


@pytest.fixture
def path(card, tmp_path):
    target = tmp_path / "card.xlsx"
    write_workbook(card, target, "scorecard=3", "f00d")
    return target


def change(path, edit):
    """Edit the sheet of the card as a person would; rows as dicts, None to delete."""
    book = load_workbook(path)
    sheet = book[CARD]
    column = {name: number for number, name in enumerate(CARD_COLUMNS, start=1)}
    for number in range(sheet.max_row, 1, -1):
        own = {name: sheet.cell(number, at).value for name, at in column.items()}
        new = edit(dict(own))
        if new is None:
            sheet.delete_rows(number)
            continue
        for name, value in new.items():
            if value != own[name]:
                sheet.cell(number, column[name]).value = value
    book.save(path)
    return path


def imported(card, path):
    rows, _ = read_workbook(path)
    return edited_card(card, rows, EDIT)


# What the sheet's formulas mean, function by function: no more than they use.
_FUNCTIONS = {
    "IF": lambda test, yes, no: yes() if test() else no(),
    "ISBLANK": lambda value: value is None,
    "ISNUMBER": lambda value: isinstance(value, int | float),
    "SUMPRODUCT": lambda array: float(np.sum(array)),
    "SUM": lambda array: float(np.sum(array)),
    "EXP": np.exp,
    "INDEX": lambda array, position: array[int(position) - 1],
}
_CELL = r"(\$?[A-Z]{1,3}\$?(?:\d+|#))"
_REFERENCE = re.compile(rf"(?:('[^']+'|[A-Za-z]+)!)?{_CELL}(?::{_CELL})?")


class Spreadsheet:
    """Evaluates a workbook's formulas: a reference is a value, or an array of a column."""

    def __init__(self, path) -> None:
        self.book = load_workbook(path)
        self.found: dict[tuple[str, str], object] = {}
        self.columns: dict[tuple[str, str, str], np.ndarray] = {}
        self.compiled: dict[str, object] = {}

    def value(self, sheet: str, cell: str):
        if (sheet, cell) not in self.found:
            value = self.book[sheet][cell].value
            if isinstance(value, str) and value.startswith("="):
                value = self.evaluate(sheet, value[1:], re.sub(r"\D", "", cell))
            self.found[sheet, cell] = value
        return self.found[sheet, cell]

    def array(self, sheet: str, first: str, last: str) -> np.ndarray:
        key = (sheet, first, last)
        if key not in self.columns:
            cells = [c.coordinate for row in self.book[sheet][f"{first}:{last}"] for c in row]
            values = [self.value(sheet, cell) for cell in cells]
            numbers = all(v is None or isinstance(v, int | float) for v in values)
            # An empty cell counts as 0 in arithmetic.
            self.columns[key] = (
                np.array([0.0 if v is None else v for v in values])
                if numbers
                else np.array(values, dtype=object)
            )
        return self.columns[key]

    def evaluate(self, sheet: str, formula: str, row: str):
        # Formulas of one column differ in their row only: translated once.
        pattern = re.sub(rf"(?<=[A-Z]){row}\b", "#", formula)
        if pattern not in self.compiled:
            self.compiled[pattern] = self.translate(sheet, pattern)
        return eval(self.compiled[pattern], dict(_FUNCTIONS, A=self.array, V=self.value, row=row))

    def translate(self, sheet: str, pattern: str):
        def reference(match: re.Match) -> str:
            own, first, last = match.groups()
            where = (own or sheet).strip("'")
            first, last = (
                "'" + (cell or "").replace("$", "").replace("#", "'+row+'") + "'"
                for cell in (first, last)
            )
            return f"A({where!r},{first},{last})" if last != "''" else f"V({where!r},{first})"

        texts: list[str] = []
        masked = re.sub(r'"[^"]*"', lambda m: texts.append(m[0]) or f"@{len(texts) - 1}@", pattern)
        code = _REFERENCE.sub(reference, masked)
        code = re.sub(r"(?<![<>])=", "==", code)
        code = re.sub(r"@(\d+)@", lambda m: texts[int(m[1])], code)
        return compile(_lazy(code), pattern, "eval")


def _lazy(code: str):
    """Turn IF's arguments into functions: only the branch taken is evaluated."""
    import ast

    class Delay(ast.NodeTransformer):
        def visit_Call(self, node):
            self.generic_visit(node)
            if isinstance(node.func, ast.Name) and node.func.id == "IF":
                none = ast.arguments([], [], None, [], [], None, [])
                node.args = [ast.Lambda(none, argument) for argument in node.args]
            return node

    return ast.fix_missing_locations(Delay().visit(ast.parse(code, mode="eval")))


def random_values(card, count):
    """Values all over and on the edges of the bins, missing and infinite ones among them."""
    draw = np.random.default_rng(4)
    columns = []
    for c in card.characteristics:
        low, high = c.bins[1].low, c.bins[1].high
        values = draw.uniform(low, high, count)
        edges = np.array([*c.layout.cuts, *c.layout.specials, low, high, 2 * high, np.inf, -np.inf])
        kind = draw.integers(0, 4, count)
        values = np.where(kind == 0, draw.choice(edges, count), values)
        columns.append(np.where(kind == 1, np.nan, values))
    return np.column_stack(columns)


def test_the_formulas_score_a_thousand_random_customers_as_the_card(card, path):
    values = random_values(card, 1000)
    write_workbook(card, path, "scorecard=3", "f00d", values)
    sheet = Spreadsheet(path)
    matrix = np.full((1000, len(card.features)), np.nan)
    for position, c in enumerate(card.characteristics):
        matrix[:, card.features.index(c.feature)] = values[:, position]
    points, score, k = card.points(matrix), card.score(matrix), len(card.characteristics)
    header = [cell.value for cell in sheet.book["Scoring"][1]]
    letters = [cell.column_letter for cell in sheet.book["Scoring"][1]]
    pd_12m = card.predict(matrix)
    grade = card.grade(pd_12m)
    assert header[-3:] == ["score", "PD", "grade"]
    for row in range(1000):
        found = [sheet.value("Scoring", f"{letter}{row + 2}") for letter in letters[k + 1 :]]
        assert found[:k] == points[row].tolist()
        assert found[k] == score[row]
        assert found[k + 1] == pytest.approx(pd_12m[row], rel=1e-12)
        assert found[k + 2] == grade[row]


def test_the_same_card_gives_the_same_bytes(card, path, tmp_path):
    write_workbook(card, tmp_path / "again.xlsx", "scorecard=3", "f00d")
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()
    assert zipfile.ZipFile(path).testzip() is None


def test_the_workbook_reads_back_as_it_was_written(card, path):
    rows, about = read_workbook(path)
    assert about == {"model": "scorecard=3", "fingerprint": "f00d"}
    assert [r.characteristic for r in rows] == [
        c.feature for c in card.characteristics for _ in c.bins
    ]
    with pytest.raises(ValueError, match="nothing was changed"):
        edited_card(card, rows, EDIT)


def test_overridden_points_are_used_and_recorded(card, path):
    first = card.characteristics[0]

    def edit(row):
        if row["characteristic"] == first.feature and row["kind"] == "missing":
            row["edited points"] = -77
        return row

    found = imported(card, change(path, edit))
    assert found.characteristics[0].bins[0].points == -77
    assert found.characteristics[0].bins[0].fitted_points == first.bins[0].fitted_points
    assert found.characteristics[1:] == card.characteristics[1:]
    (record,) = found.edits
    assert (record.by, record.reason, record.version) == ("A. Manager", "as discussed", "3")
    assert record.changes == (f"{first.feature}: missing: {first.bins[0].points} -> -77 points",)
    assert (found.slope, found.intercept) == (card.slope, card.intercept)
    assert Scorecard.from_document(found.to_document()[0], {}) == found
    # Exported again, the override is there to see, and to take back.
    write_workbook(found, path, "scorecard=4", "f00d")
    assert [row.edited for row in read_workbook(path)[0] if row.edited is not None] == [-77]


def merge_first_two(card):
    c = max(card.characteristics, key=lambda c: len(c.ranges))
    first, second = c.ranges[:2]

    def edit(row):
        if row["characteristic"] == c.feature and row["kind"] == "range":
            if row["to"] == first.high:
                return None
            if row["from"] == second.low:
                row["from"] = -1e300
        return row

    return c, edit


def test_merged_ranges_are_counted_and_weighed_anew(card, path):
    c, edit = merge_first_two(card)
    found = imported(card, change(path, edit))
    (new,) = [other for other in found.characteristics if other.feature == c.feature]
    first, second, *rest = c.ranges
    merged = new.ranges[0]
    assert (merged.goods, merged.bads) == (first.goods + second.goods, first.bads + second.bads)
    assert min(first.woe, second.woe) <= merged.woe <= max(first.woe, second.woe)
    assert merged.points == round(merged.woe * c.weight * card.factor)
    assert [b.points for b in new.ranges[1:]] == [b.points for b in rest]
    assert new.bin_of(np.array([first.high]))[0] == new.bin_of(np.array([first.high - 1]))[0]
    assert any("ranges merged" in line for line in found.edits[0].changes)


def test_points_against_the_direction_are_a_warning_that_is_kept(card, path):
    c = next(c for c in card.characteristics if c.direction and len(c.ranges) > 2)
    best = max(c.ranges, key=lambda b: b.woe)

    def edit(row):
        if row["characteristic"] == c.feature and row["points"] == best.points:
            row["edited points"] = -500
        return row

    (record,) = imported(card, change(path, edit)).edits
    assert any(c.feature in warning and "direction" in warning for warning in record.warnings)


def _on(card, which, **values):
    name = card.characteristics[0].feature

    def edit(row):
        if row["characteristic"] == name and row["kind"] == which:
            row.update(values)
        return row

    return edit


FAULTS = {
    "unknown characteristic 'moon'": lambda card: _on(card, "missing", characteristic="moon"),
    "bin 'missing' was removed": lambda card: (
        lambda row: None if row["kind"] == "missing" else row
    ),
    "is gone": lambda card: (
        lambda row: None if row["characteristic"] == card.characteristics[0].feature else row
    ),
    "leaves a gap before|no range from": lambda card: (
        lambda row: None if row["to"] == card.characteristics[0].ranges[0].high else row
    ),
    "overlaps the range before": lambda card: (
        lambda row: row | {"from": -1e300} if row["to"] == 1e300 else row
    ),
    "has no edge at 0.12345": lambda card: (
        lambda row: row | {"to": 0.12345} if row["from"] == -1e300 else row
    ),
    "write a whole number": lambda card: _on(card, "missing", **{"edited points": 1.5}),
    "'edited points' is 'ten'; write a number": lambda card: _on(
        card, "missing", **{"edited points": "ten"}
    ),
    "change the column 'edited points', not 'points'": lambda card: _on(card, "unseen", points=3),
    "no bin of kind 'odd'": lambda card: _on(card, "unseen", kind="odd"),
}  # fmt: skip


@pytest.mark.parametrize("message", FAULTS)
def test_what_cannot_be_a_card_is_refused_in_one_line(card, path, message):
    with pytest.raises(ValueError, match=message) as fault:
        imported(card, change(path, FAULTS[message](card)))
    assert "\n" not in str(fault.value)


def test_other_files_are_refused(tmp_path, path):
    (tmp_path / "a.xlsx").write_text("no")
    with pytest.raises(ValueError, match="not an Excel workbook"):
        read_workbook(tmp_path / "a.xlsx")
    book = load_workbook(path)
    del book[CARD]
    book.save(path)
    with pytest.raises(ValueError, match="no sheet 'Card'"):
        read_workbook(path)


def test_an_edit_does_not_touch_the_card_it_was_made_from(card, path):
    _, edit = merge_first_two(card)
    before = replace(card)
    imported(card, change(path, edit))
    assert card == before

from __future__ import annotations

import csv
import io

import pytest

PATH = "/v1/worklist"


def test_json(client):
    body = client.get(PATH).json()
    assert (body["as_of"], body["currency"], body["total"]) == ("2026-01-01", "EUR", 2)
    assert body["totals"]["overdue"] == 51_500.25
    assert [row["rank"] for row in body["rows"]] == [1, 2]
    assert body["rows"][0]["name"] == "@SUM(A1)" and body["rows"][0]["pd_12m"] == 0.5


def test_filter_and_paging(client):
    assert client.get(PATH, params={"collector": "anna"}).json()["total"] == 1
    assert client.get(PATH, params={"collector": "-"}).json()["rows"][0]["customer_id"] == "C2"
    assert client.get(PATH, params={"collector": "zoe"}).json()["rows"] == []
    page = client.get(PATH, params={"limit": 1, "offset": 1}).json()
    assert (page["total"], [row["rank"] for row in page["rows"]]) == (2, [2])
    for wrong in ({"limit": 0}, {"limit": "many"}, {"offset": -1}, {"limit": 10**30}):
        assert client.get(PATH, params=wrong).status_code == 422


def test_csv_is_safe_to_open(client):
    answer = client.get(PATH, params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == (
        'attachment; filename="worklist-2026-01-01.csv"'
    )
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[0]["name"] == "'@SUM(A1)"
    assert rows[1]["name"] == "<script>alert('x')</script> & \"Söhne\""
    assert float(rows[0]["cash_at_risk"]) == 45_000.0
    assert list(rows[0])[:3] == ["rank", "customer_id", "name"]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("text/csv", "text/csv"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/*", "text/csv"),
        ("text/csv;q=0.4, application/json;q=0.5", "application/json"),
        ("application/vnd.ms-excel, text/csv;q=0.1", "text/csv"),
        ("text/csv;q=nonsense, application/json;q=0.1", "application/json"),
    ],
)
def test_accept_chooses_the_form(client, accept, form):
    assert client.get(PATH, headers={"Accept": accept}).headers["content-type"].startswith(form)


@pytest.mark.parametrize(
    "asked",
    [
        {"params": {"format": "xlsx"}},
        {
            "headers": {
                "Accept": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            }
        },
        {"headers": {"Accept": "application/json;q=0"}},
    ],
)
def test_other_forms_are_refused_with_those_there_are(client, asked):
    answer = client.get(PATH, **asked)
    assert (answer.status_code, answer.json()["formats"]) == (406, ["json", "csv"])


def test_before_the_first_scores(empty_client):
    assert empty_client.get(PATH).json()["rows"] == []
    assert empty_client.get(PATH, params={"format": "csv"}).text.count("\n") == 1

from __future__ import annotations

import re
from datetime import date
from html import escape

import pandas as pd
import pytest

HOSTILE = "<script>alert('x')</script> & \"Söhne\""
HTML = {"Accept": "text/html"}


def test_the_root_leads_to_the_worklist(client):
    assert client.get("/").headers["location"] == "/worklist"


def test_the_worklist_shows_ranks_numbers_and_reasons(client):
    page = client.get("/worklist").text
    for text in (
        "1 Jan 2026",
        "EUR 51,500",
        "EUR 46,400",
        "EUR 5,900",
        "Oldest invoice 90 days past due",
        "stop delivery",
        "50.0%",
        "Nobody assigned (1)",
        "1–2 of 2 customers",
    ):
        assert text in page, text
    assert page.index("@SUM(A1)") < page.index("Söhne")


def test_names_stay_text(client):
    for path in ("/worklist", "/customers/C2"):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert escape(HOSTILE, quote=False)[:20] in page


def test_a_filter_stays_through_links_and_export(client):
    page = client.get("/worklist", params={"collector": "anna", "q": "c3 &"}).text
    assert "/v1/worklist?format=csv&amp;collector=anna&amp;q=c3+%26" in page
    page = client.get("/worklist", params={"collector": "anna"}).text
    assert '<option value="anna" selected>' in page
    assert "/customers/C3?collector=anna" in page
    back = client.get("/customers/C3", params={"collector": "anna"}).text
    assert 'href="/worklist?collector=anna"' in back


def test_a_hostile_filter_stays_text(client):
    page = client.get("/worklist", params={"collector": '"><img src=x>', "q": "<b>"}).text
    assert "<img" not in page and "<b>" not in page
    assert "Nobody here for this collector" in page


def test_pages_of_a_long_list(client, published, outputs):
    rows = pd.DataFrame(
        {"rank": range(1, 121), "customer_id": [f"K{i:03}" for i in range(1, 121)], "overdue": 1.0}
    )
    published.publish(date(2026, 1, 2), outputs(worklist=rows, names={}))
    page = client.get("/worklist").text
    assert "1–50 of 120 customers" in page and 'rel="next" href="/worklist?page=2"' in page
    last = client.get("/worklist", params={"page": 999}).text
    assert "101–120 of 120" in last and "K120" in last and 'rel="next"' not in last
    assert client.get("/worklist", params={"page": "x"}, headers=HTML).status_code == 422


def test_the_customer_page_shows_everything(client, published, outputs):
    published.publish(date(2026, 2, 1), outputs(customers=outputs().customers.assign(score=610.0)))
    page = client.get("/customers/C2").text
    for text in (
        "15.0%",
        "EUR 9,000",
        "EUR 1,500",
        "loss cap",
        "segment",
        "Second reason",
        "I2",
        "71 days past due",
        "EUR 1,500.25",
        "90.0%",
        "16 Jan 2026",
        "6 Jan 2026 – 2 Mar 2026",
        "Earlier scores",
        "<polyline",
        "Large for this customer",
    ):
        assert text in page, text


def test_what_no_model_knows_is_said_so(client, published, outputs):
    bare = outputs().customers[["customer_id", "currency"]]
    invoices = outputs().invoices[["invoice_id", "customer_id", "due_on"]]
    worklist = outputs().worklist[["rank", "customer_id"]]
    published.publish(
        date(2026, 1, 2),
        outputs(customers=bare, invoices=invoices, worklist=worklist, models={}, names={}),
    )
    assert client.get("/worklist").text.count("n/a") >= 3
    page = client.get("/customers/C2")
    assert page.status_code == 200 and "n/a" in page.text
    assert client.get("/v1/customers/C2/risk").status_code == 200


def test_an_id_with_a_slash_has_a_page(client):
    page = client.get("/customers/US%2F4%204")
    assert page.status_code == 200 and "US/4 4" in page.text
    assert "Nothing open" in page.text


@pytest.mark.parametrize("customer_id", ["nobody", "..%2F..%2Fetc%2Fpasswd", "%3Cscript%3E", "%00"])
def test_a_missing_customer_is_a_page_too(client, customer_id):
    answer = client.get(f"/customers/{customer_id}", headers=HTML)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "not among the scored ones" in answer.text and "<script>" not in answer.text


def test_before_the_first_scores(empty_client):
    page = empty_client.get("/worklist")
    assert page.status_code == 200
    assert "No scores yet" in page.text and "payrisk score" in page.text
    assert empty_client.get("/customers/C1", headers=HTML).status_code == 404


def test_an_empty_worklist_is_good_news(client, published, outputs):
    nobody = outputs().worklist.iloc[:0]
    published.publish(date(2026, 1, 2), outputs(worklist=nobody))
    assert "Nobody to call" in client.get("/worklist").text


def test_pages_load_nothing_from_elsewhere(client):
    for path in ("/worklist", "/customers/C2", "/docs", "/login"):
        page = client.get(path).text
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)
        assert "style=" not in page and "<style" not in page
        assert not re.search(r"<script(?! src=\"/static/)", page)
        assert not re.search(r'\son\w+="', page)
    for name in ("style.css", "worklist.js", "icon.svg"):
        assert client.get(f"/static/{name}").status_code == 200

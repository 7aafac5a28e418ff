from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from configs import Settings
from pipelines.applications import read_applications
from pipelines.scoring import score_ledger
from serving.app import create_app

AS_OF = date(2025, 10, 1)
HEADER = "application_id,segment,country,business_started,bureau_score,requested_amount,currency"


def write(path, *rows):
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


def test_rows_that_cannot_be_scored_are_refused_with_their_rule(tmp_path):
    path = write(
        tmp_path / "a.csv",
        "A1,retail,DE,2015-01-01,400,5000,EUR",
        ",retail,DE,2015-01-01,400,5000,EUR",
        "A2,,,,,5000,EUR",
        "A3,retail,DE,soon,400,5000,EUR",
        "A4,retail,DE,2030-01-01,400,5000,EUR",
        "A5,retail,DE,2015-01-01,good,5000,EUR",
        "A6,retail,DE,2015-01-01,400,0,EUR",
        "A7,retail,DE,2015-01-01,400,5000,XXY",
        "A1,retail,DE,2015-01-01,400,5000,EUR",
        "A8,retail,DE,2015-01-01,-1e308,5000,EUR",
        "A9,retail,DE,2015-01-01,400,5000,eur",
    )
    accepted, refused = read_applications(path, AS_OF)
    assert accepted["application_id"].tolist() == ["A1", "A2", "A9"]
    assert accepted["currency"].tolist() == ["EUR"] * 3
    assert accepted["business_days"].tolist()[0] == (AS_OF - date(2015, 1, 1)).days
    assert refused["rule"].tolist() == [
        "application_id is empty",
        "business_started is not YYYY-MM-DD",
        "business_started is after as_of",
        "bureau_score is not a number of at most nine digits",
        "requested_amount is not a number above zero",
        "the currency is not an ISO 4217 code",
        "application_id stands twice",
        "bureau_score is not a number of at most nine digits",
    ]


def test_a_file_without_a_column_is_refused_in_one_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("application_id,segment\nA,retail\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no column country, business_started"):
        read_applications(path, AS_OF)


def test_applications_are_scored_beside_the_ledger(trained, home, tmp_path, settings):
    path = write(
        tmp_path / "a.csv",
        "good,retail,DE,1990-01-01,560,3000,EUR",
        "poor,retail,DE,2025-08-01,250,3000,EUR",
        "blank,,,,,3000,EUR",
        "bad,,,,,-1,EUR",
    )
    summary = score_ledger(
        trained.ledger, AS_OF, tmp_path / "out", home, settings, applications=path, progress=str
    )
    scored = pd.read_parquet(tmp_path / "out" / "applications.parquet").set_index("application_id")
    assert list(scored.index) == ["good", "poor", "blank"]
    chance = scored["pd_12m"]
    assert chance["good"] < chance["blank"] < chance["poor"]
    assert (scored["pd_upper"] > scored["pd_12m"]).all()
    assert scored["basis"].to_dict() == {"good": "bureau", "poor": "bureau", "blank": "portfolio"}
    assert (scored["suggested_limit"] <= 3000).all()
    assert scored["reason_1"].notna().all()
    assert scored.loc["good", "score"] > scored.loc["poor", "score"]
    assert any("requested_amount" in note for note in summary.notes)


def test_the_api_gives_the_numbers_of_the_command(trained, home, tmp_path, settings):
    path = write(
        tmp_path / "a.csv",
        "good,retail,DE,1990-01-01,560,3000.50,EUR",
        "poor,retail,,2025-08-01,,3000,EUR",
        "blank,,,,,3000,EUR",
    )
    score_ledger(
        trained.ledger, AS_OF, tmp_path / "out", home, settings, applications=path, progress=str
    )
    scored = pd.read_parquet(tmp_path / "out" / "applications.parquet").astype(object)
    about = {"requested_amount": 3000, "currency": "EUR"}
    good = {"country": "DE", "business_started": "1990-01-01", "bureau_score": 560}
    asked = [
        {**about, "application_id": "good", "segment": "retail", **good},
        {**about, "application_id": "poor", "segment": "retail", "business_started": "2025-08-01"},
        {**about, "application_id": "blank"},
    ]
    asked[0]["requested_amount"] = "3000.50"
    headers = {"X-API-Key": "k"}
    few = Settings.model_validate({**settings.model_dump(), "serving": {"max_batch_rows": 3}})
    with TestClient(create_app(home, few, "k"), headers=headers) as client:
        answer = client.post("/v1/applications", json={"applications": asked}).json()
        assert answer["as_of"] == AS_OF.isoformat() and set(answer["models"]) == {"default"}
        for row, expected in zip(answer["applications"], scored.to_dict("records"), strict=True):
            reasons = [expected[f"reason_{n}"] for n in range(1, 5)]
            assert row.pop("reasons") == [text for text in reasons if text is not None]
            expected["as_of"] = AS_OF.isoformat()
            assert row == expected
        blank = asked[2]
        for rows, status in (
            ([*asked, {**blank, "application_id": "fourth"}], 413),
            ([], 422),
            ([blank, blank], 422),
            ([{**blank, "requested_amount": 0}], 422),
            ([{**blank, "currency": "XXY"}], 422),
            ([{**blank, "business_started": "2030-01-01"}], 422),
            ([{**blank, "bureau_score": "good"}], 422),
            ([{**blank, "colour": "red"}], 422),
        ):
            refused = client.post("/v1/applications", json={"applications": rows})
            assert refused.status_code == status
            assert refused.headers["content-type"] == "application/problem+json"
        early = client.post("/v1/applications", json={"as_of": "2025-01-01", "applications": asked})
        assert early.status_code == 422 and "trained as of" in early.json()["detail"]

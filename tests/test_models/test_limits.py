from __future__ import annotations

import numpy as np
import pytest

from configs.settings import LimitSettings
from models.limits import CAPS, ladder, suggest_limits, upper_by_rule

STEPS = {1, 1.5, 2, 2.5, 3, 4, 5, 6, 8}


def suggest(n: int = 1, settings: LimitSettings | None = None, **changes):
    """Suggest limits for n alike customers; keyword arguments replace values or arrays."""
    values = {
        "monthly_sales_p80": 100_000.0,
        "terms_days": 30.0,
        "expected_days_late": 0.0,
        "pd_12m": 0.02,
        "settled_invoices": 50.0,
        "current_limit": np.nan,
        **changes,
    }
    arrays = {name: np.broadcast_to(np.float64(v), n).copy() for name, v in values.items()}
    arrays["pd_upper"] = upper_by_rule(arrays["pd_12m"], arrays["settled_invoices"])
    return suggest_limits(settings or LimitSettings(), lgd=np.full(n, 0.45), **arrays)


def test_the_ladder_rounds_down_to_its_steps():
    amounts = np.random.default_rng(1).uniform(1, 5e6, 2000)
    rounded = ladder(amounts)
    mantissa = rounded / 10 ** np.floor(np.log10(rounded) + 1e-12)
    assert (rounded <= amounts).all()
    assert (rounded > 0.66 * amounts).all()
    assert set(mantissa.round(9)) <= STEPS
    assert (ladder(rounded) == rounded).all()


@pytest.mark.parametrize("amount", [1.0, 10.0, 1000.0, 1e6, 1500.0, 2500.0])
def test_a_step_of_the_ladder_stays(amount):
    assert ladder(np.array([amount]))[0] == amount


def test_nothing_and_less_stays_nothing():
    assert ladder(np.array([0.0, -5.0, np.nan])).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("current", [np.nan, 0.0, 1450.0, 20_000.0, 50_000.0, 400_000.0])
@pytest.mark.parametrize("settled", [0.0, 1.0, 10.0, 200.0])
def test_a_higher_pd_never_means_a_higher_limit(current, settled):
    pd_12m = np.linspace(0, 1, 400)
    limit, _ = suggest(400, pd_12m=pd_12m, current_limit=current, settled_invoices=settled)
    assert (np.diff(limit) <= 0).all()


def test_the_upper_pd_is_above_the_pd_ascends_and_narrows_with_history():
    pd_12m = np.linspace(0, 1, 200)
    thin = upper_by_rule(pd_12m, np.zeros(200))
    thick = upper_by_rule(pd_12m, np.full(200, 500.0))
    assert (thin >= thick).all()
    assert (thick >= pd_12m - 1e-12).all()
    assert (np.diff(thin) >= -1e-12).all()
    assert thin.max() <= 1.0


def test_each_cap_binds_where_it_is_the_smallest():
    cases = {
        "need": {"monthly_sales_p80": 1000.0},
        "loss": {"pd_12m": 0.3},
        "policy_maximum": {"monthly_sales_p80": 1e8, "pd_12m": np.nan},
        "new_customer": {"settled_invoices": 0.0, "pd_12m": np.nan},
        "step_up": {"current_limit": 4000.0},
        "no_credit": {"pd_12m": 0.5},
    }
    assert set(cases) | {"kept"} == set(CAPS)
    for name, changes in cases.items():
        limit, binding = suggest(**changes)
        assert binding[0] == name
        assert np.isfinite(limit[0])


def test_need_is_sales_over_the_days_that_cash_is_out():
    limit, _ = suggest(monthly_sales_p80=3000.0, expected_days_late=15.0)
    assert limit[0] == 6000.0
    early, _ = suggest(monthly_sales_p80=3000.0, expected_days_late=-40.0)
    assert early[0] == ladder(np.array([3000.0 * 45 / 30]))[0]


def test_no_credit_from_the_pd_of_the_policy_on():
    limit, binding = suggest(2, pd_12m=[0.4999, 0.5])
    assert limit[0] > 0 and limit[1] == 0
    assert binding[1] == "no_credit"
    assert suggest(pd_12m=1.0, monthly_sales_p80=0.0)[1][0] == "no_credit"


def test_a_limit_grows_by_one_step_at_a_time():
    limit, binding = suggest(current_limit=7000.0)
    assert (limit[0], binding[0]) == (10_000.0, "step_up")


def test_a_limit_falls_at_once():
    limit, _ = suggest(current_limit=900_000.0, pd_12m=0.3)
    assert limit[0] < 200_000


def test_a_small_change_is_not_suggested():
    base = {"monthly_sales_p80": 2000.0, "settled_invoices": 200.0, "pd_12m": 0.001}
    assert suggest(**base)[0][0] == 3000.0
    limit, binding = suggest(**base, current_limit=3250.0)
    assert (limit[0], binding[0]) == (3250.0, "kept")
    limit, binding = suggest(**base, current_limit=3400.0)
    assert (limit[0], binding[0]) == (3000.0, "need")


def test_a_limit_above_what_risk_allows_is_not_kept():
    loss_cap, binding = suggest(pd_12m=0.3)
    assert binding[0] == "loss"
    limit, binding = suggest(pd_12m=0.3, current_limit=loss_cap[0] * 1.05 + 20_000)
    assert binding[0] == "loss"
    assert limit[0] == loss_cap[0]


def test_without_a_pd_need_and_policy_bind():
    limit, binding = suggest(pd_12m=np.nan, monthly_sales_p80=10_000.0)
    assert (limit[0], binding[0]) == (15_000.0, "need")


def test_without_a_known_limit_nothing_is_kept_and_no_step_binds():
    _, binding = suggest(current_limit=np.nan)
    assert binding[0] not in ("kept", "step_up")


def test_no_customers_no_limits():
    limit, binding = suggest(0)
    assert limit.shape == binding.shape == (0,)

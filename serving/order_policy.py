"""Release, warn, review or hold: the decision about an order, a pure function of what is known.

No fact that is missing ever releases an order: an unknown customer follows the policy's setting, an
unknown limit, exposure or probability of default is a reason for review.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from configs.settings import OrderPolicy
from serving.wording import count, day, major_units, money, percent

Outcome = Literal["release", "warn", "review", "hold"]

SEVERITY: tuple[Outcome, ...] = ("release", "warn", "review", "hold")


@dataclass(frozen=True)
class Position:
    """What is known about a customer when an order comes in.

    Parameters
    ----------
    as_of : date or None
        Moment of knowledge; None = nothing was scored yet.
    currency : str
        Of all amounts here: the reporting currency.
    known : bool
        Whether the customer is among the scored ones.
    exposure, overdue, current_limit, suggested_limit : Decimal or None
        Major units; None = not known.
    worst_days_past_due : int or None
        Of the oldest open invoice; 0 = nothing is overdue.
    pd_12m : float or None
    score : float or None
    grade : str or None
    basis : str or None
        Whether own history, segment or portfolio carried the scores.
    """

    as_of: date | None
    currency: str
    known: bool
    exposure: Decimal | None = None
    overdue: Decimal | None = None
    worst_days_past_due: int | None = None
    current_limit: Decimal | None = None
    suggested_limit: Decimal | None = None
    pd_12m: float | None = None
    score: float | None = None
    grade: str | None = None
    basis: str | None = None

    @classmethod
    def of(
        cls, scores: Mapping[str, Any], as_of: date, earliest_due: date | None, currency: str
    ) -> Position:
        """Read a customer's position from its published scores."""

        def amount(column: str) -> Decimal | None:
            value = scores.get(column)
            return None if value is None else major_units(value, currency)

        overdue_for = (as_of - earliest_due).days if earliest_due else 0
        return cls(
            as_of=as_of,
            currency=currency,
            known=True,
            exposure=amount("exposure"),
            overdue=amount("overdue"),
            worst_days_past_due=max(overdue_for, 0),
            current_limit=amount("current_limit"),
            suggested_limit=amount("suggested_limit"),
            pd_12m=scores.get("pd_12m"),
            score=scores.get("score"),
            grade=scores.get("grade"),
            basis=scores.get("basis"),
        )

    @property
    def limit(self) -> tuple[Decimal | None, str]:
        """The limit an order is held against and which one it is: in force, else suggested."""
        if self.current_limit is not None:
            return self.current_limit, "current_limit"
        if self.suggested_limit is not None:
            return self.suggested_limit, "suggested_limit"
        return None, "none"


@dataclass(frozen=True)
class Reason:
    """One finding about an order: what it calls for, and why, with its numbers."""

    code: str
    calls_for: Outcome
    text: str


@dataclass(frozen=True)
class Decision:
    """What to do with an order.

    Parameters
    ----------
    outcome : Outcome
        The most severe that any reason calls for.
    reasons : tuple of Reason
        The most severe first.
    exposure_before, exposure_after : Decimal or None
        Without and with the order.
    limit : Decimal or None
    limit_basis : str
        ``current_limit``, ``suggested_limit`` or ``none``.
    limit_use : float or None
        Exposure after the order as a share of the limit; None without a limit above zero.
    headroom : Decimal or None
        What the limit leaves after the order; negative beyond it.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    exposure_before: Decimal | None
    exposure_after: Decimal | None
    limit: Decimal | None
    limit_basis: str
    limit_use: float | None
    headroom: Decimal | None


def decide(amount: Decimal, position: Position, policy: OrderPolicy) -> Decision:
    """Decide about an order.

    Parameters
    ----------
    amount : Decimal
        The order's amount in the position's currency, above zero.
    position : Position
    policy : OrderPolicy

    Examples
    --------
    >>> known = Position(date(2026, 1, 1), "EUR", True, exposure=Decimal(4000), pd_12m=0.01,
    ...                  overdue=Decimal(0), worst_days_past_due=0, current_limit=Decimal(10000))
    >>> decide(Decimal(2000), known, OrderPolicy()).outcome
    'release'
    >>> answer = decide(Decimal(8000), known, OrderPolicy())
    >>> answer.outcome, answer.reasons[0].code
    ('hold', 'limit_exceeded')
    """
    limit, limit_basis = position.limit
    before = position.exposure
    after = None if before is None else before + amount
    use = float(after / limit) if after is not None and limit is not None and limit > 0 else None
    reasons = [
        *_about_knowledge(position, policy),
        *_about_limit(after, limit, limit_basis, use, position.currency, policy),
        *_about_default(position, policy),
        *_about_overdue(position, policy),
    ]
    # Sorting is stable: among equals the order above stays.
    reasons.sort(key=lambda reason: -SEVERITY.index(reason.calls_for))
    return Decision(
        outcome=reasons[0].calls_for,
        reasons=tuple(reasons),
        exposure_before=before,
        exposure_after=after,
        limit=limit,
        limit_basis=limit_basis,
        limit_use=use,
        headroom=limit - after if limit is not None and after is not None else None,
    )


def _about_knowledge(position: Position, policy: OrderPolicy) -> list[Reason]:
    if position.as_of is None:
        return [Reason("no_scores", "review", "No scores are published yet: a person decides.")]
    if not position.known:
        text = f"The customer is not in the scores as of {day(position.as_of)}: nothing is known."
        return [Reason("unknown_customer", policy.unknown_customer, text)]
    if position.exposure is None:
        return [Reason("exposure_not_known", "review", "The customer's exposure is not known.")]
    return []


def _about_limit(
    after: Decimal | None,
    limit: Decimal | None,
    basis: str,
    use: float | None,
    currency: str,
    policy: OrderPolicy,
) -> list[Reason]:
    if limit is None:
        return [Reason("limit_not_known", "review", "No credit limit is known for the customer.")]
    name = "limit" if basis == "current_limit" else "suggested limit (none is in force)"
    if limit <= 0:
        return [Reason("no_credit", "hold", f"The {name} is {money(limit, currency)}: no credit.")]
    if after is None or use is None:
        return []
    numbers = (
        f"Exposure after the order is {money(after, currency)}, "
        f"{percent(use)} of the {name} of {money(limit, currency)}"
    )
    if use > policy.hold_limit_use:
        text = f"{numbers}; above {percent(policy.hold_limit_use)} the policy holds."
        return [Reason("limit_exceeded", "hold", text)]
    if use > 1:
        return [Reason("limit_exceeded", "review", f"{numbers}; above 100% a person decides.")]
    if use > policy.warn_limit_use:
        text = f"{numbers}; above {percent(policy.warn_limit_use)} the policy warns."
        return [Reason("limit_nearly_used", "warn", text)]
    return [Reason("within_limit", "release", f"{numbers}.")]


def _about_default(position: Position, policy: OrderPolicy) -> list[Reason]:
    if not position.known:
        return []
    probability = position.pd_12m
    if probability is None:
        text = "The probability of default is not known: no model scored the customer."
        return [Reason("pd_not_known", "review", text)]
    grade = f" (grade {position.grade})" if position.grade else ""
    numbers = f"Probability of default within 12 months is {percent(probability)}{grade}"
    outcome: Outcome = "release"
    threshold = policy.review_pd
    if probability >= policy.hold_pd:
        outcome, threshold = "hold", policy.hold_pd
    elif probability >= policy.review_pd:
        outcome = "review"
    if outcome == "release":
        return [Reason("pd_acceptable", outcome, f"{numbers}, below {percent(threshold)}.")]
    verb = "holds" if outcome == "hold" else "asks for review"
    return [Reason("pd_high", outcome, f"{numbers}; from {percent(threshold)} the policy {verb}.")]


def _about_overdue(position: Position, policy: OrderPolicy) -> list[Reason]:
    worst = position.worst_days_past_due
    if not position.known or worst is None:
        return []
    if worst <= 0:
        return [Reason("nothing_overdue", "release", "No open invoice is past its due date.")]
    amount = (
        f"{money(position.overdue, position.currency)} overdue, the oldest invoice"
        if position.overdue is not None
        else "The oldest open invoice is"
    )
    numbers = f"{amount} {count(worst, 'day')} past due"
    if worst >= policy.hold_overdue_days:
        text = f"{numbers}; from {count(policy.hold_overdue_days, 'day')} the policy holds."
        return [Reason("overdue", "hold", text)]
    if worst >= policy.review_overdue_days:
        text = f"{numbers}; from {count(policy.review_overdue_days, 'day')} a person decides."
        return [Reason("overdue", "review", text)]
    text = f"{numbers}, fewer than {count(policy.review_overdue_days, 'day')}."
    return [Reason("overdue_slightly", "release", text)]

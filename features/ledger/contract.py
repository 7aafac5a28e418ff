"""The ledger contract: every table, column, key and allowed value, declared once.

Intake checks extracts against it, the simulator writes extracts in it, the template explains it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ColumnType = Literal[
    "id", "text", "date", "timestamp", "money", "number", "integer", "boolean", "currency", "choice"
]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        Its name in extracts and in the ledger.
    type : ColumnType
        ``id`` is text that joins tables; ``money`` is decimal major units in an extract and integer
        minor units in the ledger.
    help : str
        One sentence for the template.
    required : bool
        A row without it breaks the contract.
    choices : tuple of str
        The allowed values of a ``choice``.
    """

    name: str
    type: ColumnType
    help: str
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table of the ledger.

    Parameters
    ----------
    name : str
        Also its file name without the suffix.
    columns : tuple of Column
        In the order of the template.
    key : tuple of str
        Identify a fact; a later row with the same key is a new version of it.
    event : str or None
        The column that says when the fact happened; None for master data.
    required : bool
        An extract without it is refused.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    event: str | None
    required: bool = False
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})


def _id(name: str, help: str, required: bool = False) -> Column:
    return Column(name, "id", help, required)


def _date(name: str, help: str, required: bool = False) -> Column:
    return Column(name, "date", help, required)


def _choice(name: str, help: str, choices: str, required: bool = False) -> Column:
    return Column(name, "choice", help, required, tuple(choices.split()))


_RECORDED = Column(
    "recorded_at", "timestamp", "When the system came to know this row; empty: when it happened."
)
_CUSTOMER = _id("customer_id", "The customer; text, never a number.", required=True)
_COMPANY = _id("company_id", "The legal entity of yours that the row belongs to.")


def _amount(help: str, required: bool = True, name: str = "amount") -> Column:
    return Column(name, "money", help, required)


def _currency(required: bool = True) -> Column:
    return Column("currency", "currency", "ISO 4217 code of the amount.", required)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "customers",
            (
                _CUSTOMER,
                _RECORDED,
                Column("name", "text", "Shown on the worklist; never a feature."),
                _COMPANY,
                _id("group_id", "The parent whose companies stand in for each other."),
                Column("segment", "text", "Industry or size class."),
                Column("country", "text", "ISO 3166 code."),
                Column("currency", "currency", "The customer's usual currency."),
                Column("terms_days", "integer", "Agreed days from issue to due."),
                _date("customer_since", "First day of the relation."),
                _date("business_started", "When the customer's business began."),
                Column("account_status", "text", "The ERP's status of the account."),
                Column("credit_group", "text", "The ERP's credit group."),
                _id("collector_id", "Who collects from this customer."),
            ),
            key=("customer_id",),
            event=None,
            required=True,
        ),
        Table(
            "invoices",
            (
                _id("invoice_id", "Unique in the ledger.", required=True),
                _CUSTOMER,
                _date("issued_on", "Date of the document.", required=True),
                _date("due_on", "Date on which it is due.", required=True),
                _amount("Amount of the document, above zero, for credit notes too."),
                _currency(),
                _COMPANY,
                _id("order_id", "The order it bills."),
                _choice("kind", "Empty: invoice.", "invoice credit_note"),
                _id("credited_invoice_id", "The invoice that a credit note reduces."),
                _RECORDED,
            ),
            key=("invoice_id",),
            event="issued_on",
            required=True,
        ),
        Table(
            "payments",
            (
                _id("payment_id", "Unique in the ledger.", required=True),
                _date("paid_on", "Date of the payment.", required=True),
                _amount("Amount applied, above zero, for reversals too."),
                _currency(),
                _id("invoice_id", "The invoice paid; empty: unapplied cash."),
                _id("customer_id", "Needed where invoice_id is empty."),
                _choice(
                    "kind", "Empty: payment.", "payment credit_note discount write_off reversal"
                ),
                _id("reverses_payment_id", "The payment that a reversal takes back."),
                _RECORDED,
            ),
            key=("payment_id",),
            event="paid_on",
            required=True,
        ),
        Table(
            "orders",
            (
                _id("order_id", "Unique in the ledger.", required=True),
                _CUSTOMER,
                _date("ordered_on", "Date of the order.", required=True),
                _amount("Amount of the order."),
                _currency(),
                _COMPANY,
                _choice("status", "Empty: open.", "open delivered invoiced cancelled"),
                _amount("What is not yet invoiced.", required=False, name="open_amount"),
                Column("terms_days", "integer", "Days from issue to due of this order."),
                _RECORDED,
            ),
            key=("order_id",),
            event="ordered_on",
        ),
        Table(
            "credit_limits",
            (
                _CUSTOMER,
                _amount("The limit; 0 means no credit."),
                _currency(),
                _date("valid_from", "First day of the limit.", required=True),
                _choice("kind", "Empty: normal.", "normal temporary group eligible"),
                _date("valid_to", "First day on which it no longer holds."),
                _COMPANY,
                Column("reason", "text", "Why the limit was set."),
                Column("approved_by", "text", "Who approved it."),
                _RECORDED,
            ),
            key=("customer_id", "company_id", "kind", "valid_from"),
            event="valid_from",
        ),
        Table(
            "disputes",
            (
                _id("dispute_id", "Unique in the ledger.", required=True),
                _id("invoice_id", "The disputed invoice.", required=True),
                _date("event_on", "Date of this status.", required=True),
                _choice("status", "State from this day.", "open resolved credited withdrawn", True),
                _id("customer_id", "Filled from the invoice where empty."),
                _amount("The disputed part; empty: all of it.", required=False),
                _currency(required=False),
                Column("reason", "text", "Reason code."),
                Column("seller_fault", "boolean", "The seller caused it."),
                _RECORDED,
            ),
            key=("dispute_id", "event_on", "status"),
            event="event_on",
        ),
        Table(
            "promises",
            (
                _id("promise_id", "Unique in the ledger.", required=True),
                _CUSTOMER,
                _date("made_on", "Date of the promise.", required=True),
                _date("promised_on", "Date the money was promised for.", required=True),
                _id("invoice_id", "The invoice; empty: the account."),
                _amount("The promised amount.", required=False),
                _currency(required=False),
                _RECORDED,
            ),
            key=("promise_id",),
            event="made_on",
        ),
        Table(
            "activities",
            (
                _id("activity_id", "Unique in the ledger.", required=True),
                _CUSTOMER,
                _date("happened_on", "Date of the activity.", required=True),
                _choice(
                    "kind",
                    "What was done.",
                    "reminder letter call email visit stop_delivery agency legal",
                    True,
                ),
                _id("invoice_id", "The invoice it was about."),
                Column("level", "integer", "Dunning level."),
                Column("outcome", "text", "Result code."),
                Column("actor", "text", "Who did it."),
                _RECORDED,
            ),
            key=("activity_id",),
            event="happened_on",
        ),
        Table(
            "bureau_scores",
            (
                _CUSTOMER,
                Column("provider", "text", "The bureau.", required=True),
                _date("scored_on", "Date of the score.", required=True),
                Column("score", "number", "Higher = safer.", required=True),
                _amount("The bureau's suggested limit.", required=False, name="limit_amount"),
                _currency(required=False),
                _RECORDED,
            ),
            key=("customer_id", "provider", "scored_on"),
            event="scored_on",
        ),
        Table(
            "insurance",
            (
                _CUSTOMER,
                _amount("Amount insured.", name="cover_amount"),
                _currency(),
                _date("valid_from", "First day of cover.", required=True),
                _date("valid_to", "First day without cover."),
                Column("percent", "number", "Share of a loss the insurer bears, 0 to 100."),
                Column("insurer", "text", "Who insures."),
                _id("policy_id", "The policy."),
                _RECORDED,
            ),
            key=("customer_id", "policy_id", "valid_from"),
            event="valid_from",
        ),
        Table(
            "customer_events",
            (
                _CUSTOMER,
                _choice(
                    "kind", "What happened.", "insolvency legal agency restructuring left", True
                ),
                _date("happened_on", "Date of the event.", required=True),
                _RECORDED,
            ),
            key=("customer_id", "kind", "happened_on"),
            event="happened_on",
        ),
        Table(
            "fx_rates",
            (
                Column("currency", "currency", "ISO 4217 code.", required=True),
                _date("rate_date", "Day of the rate.", required=True),
                Column("rate", "number", "Reporting units per one unit.", required=True),
            ),
            key=("currency", "rate_date"),
            event="rate_date",
        ),
    )
}
"""All tables by name, in the order of the contract."""

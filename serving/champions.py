"""Which champion may be asked, and as of which moment."""

from __future__ import annotations

from datetime import date

from models.bundle import LoadedModel
from serving.problems import Problem
from serving.scoring_state import Loaded
from serving.store import Published

STALE_AFTER_DAYS = 31
"""A moment further behind the ledger's extract than this is not covered by it."""


def default_moment(published: Published | None, loaded: Loaded) -> date:
    """Return the moment of the published scores, else the ledger's end.

    Raises
    ------
    Problem
        503: there is neither.
    """
    if published is not None:
        return published.as_of
    if loaded.book is not None:
        return loaded.book.extract_date
    raise Problem(503, "No scores are published yet: run 'payrisk score'.")


def usable_champion(name: str, loaded: Loaded, as_of: date) -> LoadedModel:
    """Return a champion that may be asked at a moment.

    Raises
    ------
    Problem
        503: there is none or no ledger; 422: it or the ledger does not fit the moment.
    """
    champion = loaded.models.get(name)
    if champion is None or loaded.book is None:
        missing = " ".join(loaded.faults) or f"There is no {name} model: run 'payrisk train'."
        raise Problem(503, missing)
    if champion.trained_as_of > as_of:
        raise Problem(
            422,
            f"{name} {champion.version} was trained as of {champion.trained_as_of}: it knows "
            f"what came after as_of {as_of}; ask for a later moment.",
        )
    if (as_of - loaded.book.extract_date).days > STALE_AFTER_DAYS:
        raise Problem(
            422,
            f"as_of {as_of}: the ledger ends with the extract of {loaded.book.extract_date}; "
            "import a later one or ask for an earlier moment.",
        )
    return champion

"""The demo: everything once, on a simulated book or on an extract given."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from configs import Home, Settings
from pipelines.orchestration import prepare
from pipelines.summaries import show_scores, show_top, show_training
from pipelines.terminal import progress, say

CUSTOMERS, MONTHS, SEED, START = 300, 36, 18, date(2023, 1, 1)
"""The simulated book; the repository's ``data/sample`` is the same."""


def run_demo(home: Home, settings: Settings, extract: Path | None) -> None:
    """Run the demo in a home; each step can be repeated and ends in the same state."""
    place = home.root / "demo"
    ready = prepare(home)
    if extract is None:
        from features.simulator import simulate

        extract = place / "extract"
        progress(f"simulating {CUSTOMERS} customers over {MONTHS} months")
        simulate(CUSTOMERS, MONTHS, SEED, extract, start=START)
    progress("starting")
    from pipelines.flows import demo_flow

    ready()
    _, trained, scores = demo_flow(extract, place / "ledger", place / "scores", home, settings)
    say("")
    show_training(trained)
    show_scores(scores)
    show_top(scores)
    say(f"ledger: {place / 'ledger'}")
    say("open the worklist: make serve (or: payrisk serve), then follow the link it prints")

"""Prefect's surroundings: its database under the home, no chatter, no calls to anywhere.

To be called before a flow is imported: Prefect reads its settings when it is imported.
"""

from __future__ import annotations

import os

from configs.home import Home


def prepare(home: Home) -> None:
    """Point Prefect at the home; what the user has set in the environment stays."""
    home.prefect.mkdir(parents=True, exist_ok=True)
    for name, value in {
        "PREFECT_HOME": str(home.prefect),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # Errors reach the user as one line from the command; flows would print them twice.
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
    }.items():
        os.environ.setdefault(name, value)

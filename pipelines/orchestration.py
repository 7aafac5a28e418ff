"""Prefect's surroundings: its database under the home, no chatter, its server started early."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from configs.home import Home


def prepare(home: Home) -> Callable[[], None]:
    """Point Prefect at the home and start its temporary server in the background.

    To be called before anything imports Prefect, which reads its settings then. What the user has
    set in the environment stays; with a ``PREFECT_API_URL`` no server is started.

    Returns
    -------
    callable
        Waits until flows can run. The server takes some ten seconds, which pass while the
        caller imports and reads what it needs.
    """
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
    if os.environ.get("PREFECT_API_URL"):
        return lambda: None
    starting = Thread(target=_start_server, args=(home,), daemon=True)
    starting.start()
    return starting.join


def _start_server(home: Home) -> None:
    complete = home.prefect / "complete"
    if not complete.exists():
        # A process killed while its tables were made leaves a database that never starts.
        for leftover in home.prefect.glob("prefect.db*"):
            leftover.unlink()
    from prefect.server.api.server import SubprocessASGIServer

    # The instance every flow of this process finds; it stops with the process.
    # On a machine too slow for it the flow itself starts the server again, and reports.
    with suppress(RuntimeError):
        SubprocessASGIServer().start()
        complete.touch()

"""Prefect's surroundings: its database under the home, no chatter, its server started early."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.error import URLError
from urllib.request import urlopen

from configs.home import Home

START_TIMEOUT_SECONDS = 120


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
    }.items():
        os.environ.setdefault(name, value)
    if os.environ.get("PREFECT_API_URL"):
        return _nothing
    complete = home.prefect / "complete"
    if not complete.exists():
        # A process killed while its tables were made leaves a database that never starts.
        for leftover in home.prefect.glob("prefect.db*"):
            leftover.unlink()
    port = _free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "pipelines.flow_server", str(port)],
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(server.terminate)
    os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"

    def ready() -> None:
        _wait(server, port)
        complete.touch()

    return ready


def _nothing() -> None:
    """Wait for nothing: the server is the user's."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(
        "Prefect's temporary server did not start; set PREFECT_API_URL to a server of your own, "
        "or see what 'prefect server start' says"
    )

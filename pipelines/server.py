"""Starting the API and the pages."""

from __future__ import annotations

import socket

import uvicorn

from configs import Home, Settings
from pipelines.terminal import say
from serving.app import create_app
from serving.security import check_binding, ensure_api_key, explicit_api_key


def run_server(home: Home, settings: Settings, host: str | None, port: int | None) -> None:
    """Serve until stopped.

    Raises
    ------
    ValueError
        An address that others reach, without a key of one's own.
    """
    address = host or settings.serving.host
    number = settings.serving.port if port is None else port
    explicit = explicit_api_key()
    check_binding(address, explicit)
    _require_free(address, number)
    key, file = ensure_api_key(home)
    app = create_app(home, settings, key)
    url = f"http://{address}:{number}"
    if explicit is None:
        say(f"worklist: {url}/worklist?key={key}")
        say(f"API key for X-API-Key: in {file}")
    else:
        say(f"worklist: {url}/worklist (log in with PAYRISK_API_KEY)")
    say(f"API: {url}/docs")
    uvicorn.run(app, host=address, port=number, log_level="warning", access_log=False)


def _require_free(address: str, port: int) -> None:
    """Refuse a port in use before a link to it is printed."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise ValueError(
                f"{address}:{port}: cannot listen there ({error.strerror}); choose another --port"
            ) from error

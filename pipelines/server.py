"""Starting the API and the pages."""

from __future__ import annotations

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

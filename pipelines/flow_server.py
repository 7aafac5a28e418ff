"""The temporary Prefect server of one command: ends with its parent, however that ends.

Run as ``python -m pipelines.flow_server PORT``. Prefect's own temporary server outlives a parent
that is killed, and goes on using the database of the home.
"""

from __future__ import annotations

import os
import sys
import time
from threading import Thread

_LOOK_EVERY_SECONDS = 1.0


def main(port: int) -> None:
    """Serve Prefect's API on a loopback port until the parent is gone."""
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app

    app = create_app(ephemeral=True, final=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))

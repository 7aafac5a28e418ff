"""Whether a Dask scheduler answers at an address: asked before anything slow starts."""

from __future__ import annotations

import logging

LOCAL = "local"
_ANSWER_SECONDS = 10
_WORKERS_SECONDS = 30


def quiet() -> None:
    """Keep Dask's own log lines off the terminal: what fails reaches the user as one line."""
    import distributed  # noqa: F401  # sets its loggers up when it is first imported

    logging.getLogger("distributed").setLevel(logging.CRITICAL)


def require_scheduler(cluster: str) -> None:
    """Refuse what is neither ``local`` nor the address of a scheduler that has workers.

    Parameters
    ----------
    cluster : str

    Raises
    ------
    ValueError
        It is no address.
    ConnectionError
        No scheduler answers there, or it has no workers.
    """
    if cluster == LOCAL:
        return
    if "://" not in cluster:
        raise ValueError(
            f"--cluster {cluster}: write 'local' or an address such as tcp://host:8786"
        )
    from distributed import Client
    from distributed.comm import registry

    quiet()
    try:
        registry.get_backend(cluster.partition("://")[0])
    except ValueError as error:
        raise ValueError(f"--cluster {cluster}: {error}") from error
    try:
        client = Client(cluster, timeout=_ANSWER_SECONDS, set_as_default=False)
    except OSError as error:
        raise ConnectionError(
            f"--cluster {cluster}: no Dask scheduler answers there; start one with "
            "'dask scheduler' and workers with 'dask worker ADDRESS'"
        ) from error
    try:
        client.wait_for_workers(1, timeout=_WORKERS_SECONDS)
    except TimeoutError as error:
        raise ConnectionError(
            f"--cluster {cluster}: the scheduler has no workers; start some with "
            f"'dask worker {cluster}'"
        ) from error
    finally:
        client.close()

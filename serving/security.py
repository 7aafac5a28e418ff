"""Who may ask: the API key, the pages' sign-in, and where the server may listen."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import secrets
import time
from pathlib import Path

from configs.home import Home

ENVIRONMENT_VARIABLE = "PAYRISK_API_KEY"
KEY_FILE = "api_key"
COOKIE = "payrisk_session"
SESSION_SECONDS = 12 * 3600


def explicit_api_key() -> str | None:
    """Return the key that the environment sets, None where it sets none."""
    return os.environ.get(ENVIRONMENT_VARIABLE, "").strip() or None


def ensure_api_key(home: Home) -> tuple[str, Path | None]:
    """Return the API key, making one for this home where the environment sets none.

    Parameters
    ----------
    home : Home
        A generated key is kept in its file ``api_key``, readable by its owner alone.

    Returns
    -------
    tuple of str and (Path or None)
        The key, and the file it is kept in; None where the environment set it.
    """
    explicit = explicit_api_key()
    if explicit is not None:
        return explicit, None
    path = home.root / KEY_FILE
    kept = _read_key(path)
    if kept is not None:
        return kept, path
    home.root.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{KEY_FILE}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(32) + "\n")
        # Of two servers that start at once the first makes the key; the other reads it.
        try:
            os.link(draft, path)
        except FileExistsError:
            if _read_key(path) is None:
                draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_text(encoding="ascii").strip(), path


def _read_key(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def is_loopback(host: str) -> bool:
    """Tell whether an address reaches only this machine.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_binding(host: str, explicit_key: str | None) -> None:
    """Refuse to listen beyond this machine without a key that someone chose.

    Raises
    ------
    ValueError
        One line: what is wrong and what to do.

    Examples
    --------
    >>> check_binding("127.0.0.1", None)
    >>> check_binding("0.0.0.0", None)
    Traceback (most recent call last):
    ValueError: host 0.0.0.0 is reachable from other machines: set PAYRISK_API_KEY to a secret of \
your own first, or listen on 127.0.0.1
    """
    if not is_loopback(host) and not (explicit_key or "").strip():
        raise ValueError(
            f"host {host or '(all)'} is reachable from other machines: set {ENVIRONMENT_VARIABLE} "
            "to a secret of your own first, or listen on 127.0.0.1"
        )


class Access:
    """Checks keys and sessions; holds no state beyond the key.

    Parameters
    ----------
    api_key : str
        The one key.

    Raises
    ------
    ValueError
        The key is empty.
    """

    def __init__(self, api_key: str) -> None:
        if not api_key:
            raise ValueError("the API key is empty: everybody would be let in; set one")
        self._key = api_key.encode()

    def is_key(self, offered: str | None) -> bool:
        """Tell whether a key offered is the one, in constant time."""
        return hmac.compare_digest((offered or "").encode("utf-8", "replace"), self._key)

    def new_session(self, now: float | None = None) -> str:
        """Return the value of a session cookie: when it ends, signed."""
        ends = str(int((time.time() if now is None else now) + SESSION_SECONDS))
        return f"{ends}.{self._sign(ends)}"

    def is_session(self, offered: str | None, now: float | None = None) -> bool:
        """Tell whether a cookie's value is a session that has not ended.

        Examples
        --------
        >>> access = Access("key")
        >>> cookie = access.new_session(now=0.0)
        >>> access.is_session(cookie, now=60.0), access.is_session(cookie, now=10.0**6)
        (True, False)
        """
        ends, _, signature = (offered or "").partition(".")
        signed = hmac.compare_digest(
            signature.encode("utf-8", "replace"), self._sign(ends).encode()
        )
        return signed and ends.isdecimal() and int(ends) > (time.time() if now is None else now)

    def _sign(self, ends: str) -> str:
        message = f"payrisk session until {ends}".encode("utf-8", "replace")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()

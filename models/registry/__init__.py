"""MLflow: runs, versions and aliases. Nothing outside this package imports it."""

from models.registry.store import CHALLENGER, CHAMPION, Registered, Registry

__all__ = ["CHALLENGER", "CHAMPION", "Registered", "Registry"]

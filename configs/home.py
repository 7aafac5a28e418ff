"""Where a run keeps its state: one folder, so that two homes never meet."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT_VARIABLE = "PAYRISK_HOME"
DEFAULT_FOLDER = ".payrisk"


@dataclass(frozen=True)
class Home:
    """The folder under which everything that a run leaves behind is kept.

    Parameters
    ----------
    root : Path
        The folder; it is created when something is first written.

    Examples
    --------
    >>> Home(Path("/srv/risk")).risk_store.as_posix()
    '/srv/risk/risk.db'
    """

    root: Path

    @classmethod
    def locate(cls, root: str | Path | None = None) -> Home:
        """Return the home named explicitly, else by ``PAYRISK_HOME``, else ``.payrisk`` here."""
        chosen = root or os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_FOLDER
        return cls(Path(chosen).expanduser().absolute())

    @property
    def mlflow_store(self) -> Path:
        """The SQLite file that holds MLflow's runs and registry."""
        return self.root / "mlflow.db"

    @property
    def mlflow_artifacts(self) -> Path:
        """The folder of MLflow's artifacts."""
        return self.root / "mlartifacts"

    @property
    def prefect(self) -> Path:
        """Prefect's own home: its database and profiles."""
        return self.root / "prefect"

    @property
    def bundles(self) -> Path:
        """Published model bundles, ``<model>/<version>/``, and the champions' pointer file."""
        return self.root / "bundles"

    @property
    def risk_store(self) -> Path:
        """The SQLite file the API and the pages read: scores, worklists, decisions."""
        return self.root / "risk.db"

    @property
    def promotions(self) -> Path:
        """The append-only record of alias changes."""
        return self.root / "promotions.jsonl"

    @property
    def reports(self) -> Path:
        """Plots and tables of the training runs."""
        return self.root / "reports"

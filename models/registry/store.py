"""The MLflow store of a home: runs, versions and aliases."""

from __future__ import annotations

import logging
import os
import uuid
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from configs.home import Home
from models.bundle import LoadedModel, read_bundle
from models.training import Trained

# Read when MLflow is imported: no telemetry, no progress bars on artifact copies.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.models import infer_signature  # noqa: E402

EXPERIMENT = "payment-risk"
CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True)
class Registered:
    """A version in the registry.

    ``alias`` is what this registration gave it: champion, challenger, or what it already had.
    ``new`` is false where the same fingerprint was registered before.
    """

    name: str
    version: str
    alias: str
    fingerprint: str
    new: bool


class Registry:
    """The MLflow store of a home.

    Parameters
    ----------
    home : Home
        Tracking store and artifacts live under it.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        home.root.mkdir(parents=True, exist_ok=True)
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        if not home.mlflow_store.exists():
            _create_store(home.mlflow_store)
        self._select()
        self._client = mlflow.MlflowClient()

    def _select(self) -> None:
        """Point MLflow's module-level functions at this home: they know one store a process."""
        mlflow.set_tracking_uri(f"sqlite:///{self.home.mlflow_store}")

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        location = self.home.mlflow_artifacts.as_uri()
        return str(self._client.create_experiment(EXPERIMENT, artifact_location=location))

    def register(
        self,
        trained: Trained,
        bundle: Path,
        about: Mapping[str, Any],
        plots: Path,
        report: str,
    ) -> Registered:
        """Log a training run and register its bundle as a version.

        Parameters
        ----------
        trained : Trained
        bundle : Path
            Folder written by `models.bundle.write_bundle`.
        about : mapping
            ``fingerprint``, ``ledger_fingerprint``, ``trained_as_of``.
        plots : Path
            Folder of the plots' files.
        report : str
            The page about this training, HTML.
        """
        fingerprint = str(about["fingerprint"])
        known = self._version_of(trained.name, fingerprint)
        if known is not None:
            # An earlier run may have been stopped between the version and its alias.
            return Registered(
                trained.name, known, self._alias(trained.name, known), fingerprint, False
            )
        self._select()
        title = f"{trained.name} as of {about['trained_as_of']}"
        with mlflow.start_run(experiment_id=self._experiment(), run_name=title) as run:
            mlflow.log_params({**trained.parameters, **about, "rows": trained.rows})
            finite = {key: value for key, value in trained.metrics.items() if value == value}
            mlflow.log_metrics(finite)
            mlflow.log_dict({"features": list(trained.model.features)}, "features.json")
            mlflow.log_dict({"metrics": _by_cutoff(trained, finite)}, "metrics_by_cutoff.json")
            mlflow.log_artifacts(str(plots), "plots")
            mlflow.log_text(report, "report.html")
            with warnings.catch_warnings():
                # Hints about type annotations and integer columns with missing values.
                warnings.simplefilter("ignore")
                info = mlflow.pyfunc.log_model(
                    name=trained.name,
                    python_model=str(Path(__file__).with_name("served_bundle.py")),
                    artifacts={"bundle": str(bundle)},
                    signature=infer_signature(
                        trained.sample, trained.model.predict_frame(trained.sample)
                    ),
                    input_example=trained.sample,
                    pip_requirements=["payment-risk"],
                )
        try:
            self._client.create_registered_model(trained.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        version = self._client.create_model_version(
            trained.name,
            info.model_uri,
            run_id=run.info.run_id,
            tags={"fingerprint": fingerprint, "trained_as_of": str(about["trained_as_of"])},
        )
        number = str(version.version)
        alias = self._alias(trained.name, number)
        return Registered(trained.name, number, alias, fingerprint, True)

    def champion(self, name: str) -> str | None:
        """Return the champion's version, None where there is none."""
        try:
            found = self._client.get_model_version_by_alias(name, CHAMPION)
        except MlflowException:
            return None
        return str(found.version)

    def set_champion(self, name: str, version: str) -> None:
        """Move the champion alias; a challenger that becomes champion is no challenger any more."""
        aliases = self._client.get_registered_model(name).aliases
        self._client.set_registered_model_alias(name, CHAMPION, version)
        if str(aliases.get(CHALLENGER)) == version:
            self._client.delete_registered_model_alias(name, CHALLENGER)

    def load(self, name: str, version: str) -> LoadedModel:
        """Read the bundle of a version.

        Raises
        ------
        ValueError
            The registry has no such version; the message lists those it has.
        """
        return read_bundle(self.bundle_of(name, version), version)

    def bundle_of(self, name: str, version: str) -> Path:
        """Return the folder of a version's bundle."""
        try:
            found = self._client.get_model_version(name, version)
        except MlflowException as error:
            versions = ", ".join(self.versions(name)) or "none"
            raise ValueError(
                f"{name}={version}: no such version in {self.home.root} (it has: {versions})"
            ) from error
        self._select()
        folder = mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{name}/{found.version}")
        return next(Path(folder).glob("artifacts/*/bundle.json")).parent

    def versions(self, name: str) -> list[str]:
        """Return all versions of a model, oldest first."""
        found = self._client.search_model_versions(f"name = '{name}'")
        return sorted((str(v.version) for v in found), key=int)

    def trained_as_of(self, name: str, version: str) -> date:
        """Return the moment a version was trained at."""
        tags = self._client.get_model_version(name, version).tags
        return date.fromisoformat(tags["trained_as_of"])

    def metrics(self, name: str, version: str) -> dict[str, float]:
        """Return the metrics of a version's training run."""
        run_id = self._client.get_model_version(name, version).run_id
        return dict(self._client.get_run(run_id).data.metrics)

    def _alias(self, name: str, version: str) -> str:
        """Return a version's alias; one without any becomes champion if there is none yet."""
        held = self._alias_of(name, version)
        if held:
            return held
        alias = CHALLENGER if self.champion(name) else CHAMPION
        self._client.set_registered_model_alias(name, alias, version)
        return alias

    def _version_of(self, name: str, fingerprint: str) -> str | None:
        found = self._client.search_model_versions(f"name = '{name}'")
        same = [v for v in found if v.tags.get("fingerprint") == fingerprint]
        return str(same[0].version) if same else None

    def _alias_of(self, name: str, version: str) -> str | None:
        aliases = self._client.get_registered_model(name).aliases
        held = sorted(alias for alias, holder in aliases.items() if str(holder) == version)
        return held[0] if held else None


def _by_cutoff(trained: Trained, metrics: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the metrics with the cutoff they belong to, as a table of rows."""
    first, last = (day.isoformat() for day in trained.evaluated) if trained.evaluated else ("", "")
    return [
        {"cutoff": first, "last_day": last, "metric": name, "value": value}
        for name, value in sorted(metrics.items())
    ]


def _create_store(path: Path) -> None:
    """Create the SQLite file aside and move it into place.

    A process killed while the tables are made would leave a store that MLflow refuses for good.
    """
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    mlflow.MlflowClient(f"sqlite:///{draft}").search_experiments()
    draft.replace(path)

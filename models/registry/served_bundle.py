"""The model code MLflow stores with a version: reads the bundle, predicts from a feature frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from models.bundle import read_bundle


class ServedBundle(PythonModel):  # type: ignore[misc]
    """Predict from feature rows as the bundle does."""

    def load_context(self, context: Any) -> None:
        """Read the bundle from the version's artifacts."""
        self._loaded = read_bundle(Path(context.artifacts["bundle"]), version="")

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return the model's probabilities, one row per feature row."""
        del context, params
        return self._loaded.model.predict_frame(model_input)


set_model(ServedBundle())

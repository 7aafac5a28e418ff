"""The model code MLflow stores with a version: reads the bundle, predicts from a feature frame.

It runs in processes that are not ours, whose own packages may well be called ``models`` or
``features``. So ours are imported under their names for a moment only, where others hold them.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

_OURS = ("configs", "features", "models")
_SIGNS = ("models/bundle.py", "features/catalogue/declaration.py", "configs/settings.py")
"""Files by which the folder of our packages is known."""


def _read(bundle: Path) -> Any:
    """Read a bundle with ``models.bundle`` of payment-risk, whoever else is called so.

    Raises
    ------
    ImportError
        payment-risk is not installed beside MLflow.
    """
    roots = [Path(entry or ".").resolve() for entry in sys.path]
    root = next((r for r in roots if all((r / sign).is_file() for sign in _SIGNS)), None)
    if root is None:
        raise ImportError(
            "payment-risk is not installed in this Python: install the version that trained this "
            "model beside mlflow"
        )
    held = {n: m for n, m in sys.modules.items() if n.partition(".")[0] in _OURS}
    files = [getattr(held.get(name), "__file__", None) for name in _OURS if name in held]
    if files and all(file and root in Path(file).resolve().parents for file in files):
        return _ready(bundle)
    for name in held:
        del sys.modules[name]
    sys.path.insert(0, str(root))
    try:
        return _ready(bundle)
    finally:
        sys.path.remove(str(root))
        for name in [n for n in sys.modules if n.partition(".")[0] in _OURS]:
            del sys.modules[name]
        sys.modules.update(held)


def _ready(bundle: Path) -> Any:
    loaded = importlib.import_module("models.bundle").read_bundle(bundle, version="")
    features = list(loaded.model.features)
    # Compiled code is looked up by its module's name when it is first called: while that is ours.
    loaded.model.predict_frame(pd.DataFrame([[0.0] * len(features)], columns=features))
    return loaded


class ServedBundle(PythonModel):  # type: ignore[misc]
    """Predict from feature rows as the bundle does."""

    def load_context(self, context: Any) -> None:
        """Read the bundle from the version's artifacts."""
        self._loaded = _read(Path(context.artifacts["bundle"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return the model's probabilities, one row per feature row."""
        del context, params
        predicted: pd.DataFrame = self._loaded.model.predict_frame(model_input)
        return predicted


set_model(ServedBundle())

"""From predictions to tables: measures, their intervals, slices, calibration, dates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from models.evaluation.bootstrap import ClusterBootstrap, interval, intervals
from models.evaluation.calibration import calibration_table, cash_calibration
from models.evaluation.classification import classification_metrics
from models.evaluation.slices import slice_labels

POOLED = "pooled"
COMPARED = ("log_loss", "auc", "brier", "average_precision")
"""Measures of which paired differences are given, model minus baseline."""
DATE_MEASURES = ("error", "error_paid", "pinball", "pinball_10", "pinball_50", "pinball_90")
"""Mean days lost; less is better. ``covered`` stands beside them."""
_ALONE = "cutoff"

Also = Callable[[pd.DataFrame, str], Mapping[str, object]]
"""Further columns of the metrics, from the rows of a target and the name of a predictor."""


def predictors_of(predictions: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the predictors with a prediction for every row."""
    return [name for name in names if name in predictions and predictions[name].notna().all()]


def metrics_tables(
    predictions: pd.DataFrame, names: Sequence[str], draws: int, also: Also
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Measure every predictor, and the model against each of the others.

    Parameters
    ----------
    predictions : DataFrame
        ``cutoff target outcome customer_id``, what ``also`` reads and a column per predictor.
    names : sequence of str
        The predictors; the first is the model.
    draws : int
        Draws of customers behind each interval.
    also : callable

    Returns
    -------
    metrics : DataFrame
        A row per cutoff, target and predictor.
    pooled : DataFrame
        The same with all cutoffs' rows together.
    comparisons : DataFrame
        ``scope`` (a cutoff or `POOLED`) ``target baseline measure difference low high``: model
        minus baseline, with paired 95% intervals.
    """
    measured, pooled, compared = [], [], []
    for scope, target, part in _scopes(predictions):
        outcome = part["outcome"].to_numpy(dtype=bool)
        bootstrap = ClusterBootstrap(part["customer_id"].to_numpy(), draws)
        values, drawn = {}, {}
        for name in predictors_of(part, names):
            probability = part[name].to_numpy(dtype=np.float64)
            values[name] = classification_metrics(outcome, probability)
            drawn[name] = bootstrap.measures(outcome, probability)
            row = {
                "target": target,
                "predictor": name,
                **values[name],
                **intervals(values[name], drawn[name]),
                **also(part, name),
            }
            if scope == POOLED:
                pooled.append(row)
            else:
                measured.append({"cutoff": part["cutoff"].iloc[0], **row})
        model = names[0]
        for name in values:
            if name == model:
                continue
            for measure in COMPARED:
                low, high = interval(drawn[model][measure] - drawn[name][measure])
                compared.append(
                    {
                        "scope": scope,
                        "target": target,
                        "baseline": name,
                        "measure": measure,
                        "difference": values[model][measure] - values[name][measure],
                        "low": low,
                        "high": high,
                    }
                )
    return pd.DataFrame(measured), pd.DataFrame(pooled), pd.DataFrame(compared)


def cash_and_task(rows: pd.DataFrame, predictor: str) -> dict[str, object]:
    """Return what metrics about invoices have on top: late cash, and the task of the target."""
    return {
        **cash_calibration(
            rows["outcome"].to_numpy(dtype=bool),
            rows[predictor].to_numpy(dtype=np.float64),
            rows["amount"].to_numpy(),
            rows["invoice_id"].to_numpy(),
        ),
        "task": rows["task"].iloc[0],
    }


def slices_table(
    predictions: pd.DataFrame, names: Sequence[str], targets: Iterable[str], draws: int
) -> pd.DataFrame:
    """Measure predictors on the parts of each way of slicing, all cutoffs together.

    Returns
    -------
    DataFrame
        ``target slice part predictor rows customers`` and the measures; ``log_loss_difference``
        (with ``low`` and ``high``) is the first predictor's minus that of the row.
    """
    found = []
    for target in targets:
        whole = predictions[predictions["target"] == target].reset_index(drop=True)
        for name, labels in slice_labels(whole).items():
            for label, part in whole.groupby(labels, sort=True):
                found += _slice_rows(part, names, draws, target, name, str(label))
    return pd.DataFrame(found)


def _slice_rows(
    part: pd.DataFrame, names: Sequence[str], draws: int, target: str, name: str, label: str
) -> list[dict[str, object]]:
    outcome = part["outcome"].to_numpy(dtype=bool)
    bootstrap = ClusterBootstrap(part["customer_id"].to_numpy(), draws)
    rows: list[dict[str, object]] = []
    drawn: dict[str, np.ndarray] = {}
    losses: dict[str, float] = {}
    for predictor in predictors_of(part, names):
        probability = part[predictor].to_numpy(dtype=np.float64)
        measured = classification_metrics(outcome, probability)
        drawn[predictor] = bootstrap.measures(outcome, probability)["log_loss"]
        losses[predictor] = measured["log_loss"]
        low, high = interval(drawn[names[0]] - drawn[predictor])
        rows.append(
            {
                "target": target,
                "slice": name,
                "part": label,
                "predictor": predictor,
                "customers": part["customer_id"].nunique(),
                **measured,
                "log_loss_difference": losses[names[0]] - losses[predictor],
                "log_loss_difference_low": low,
                "log_loss_difference_high": high,
            }
        )
    return rows


def calibration_tables(predictions: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return predicted and observed rates over equally filled bins, by scope and target."""
    rows = []
    for scope, target, part in _scopes(predictions):
        outcome = part["outcome"].to_numpy(dtype=bool)
        for name in predictors_of(part, names):
            table = calibration_table(outcome, part[name].to_numpy(dtype=np.float64))
            rows += [
                (scope, target, name, number, predicted, observed, count)
                for number, (predicted, observed, count) in enumerate(table)
            ]
    header = ["scope", "target", "predictor", "bin", "predicted", "observed", "rows"]
    return pd.DataFrame(rows, columns=header)


def dates_table(dates: pd.DataFrame, draws: int) -> pd.DataFrame:
    """Measure pay days by scope, task and predictor, with intervals, and against the model.

    Returns
    -------
    DataFrame
        ``scope task predictor rows`` and per measure its value, ``_low``, ``_high``;
        ``error_saved`` is the share of the predictor's mean absolute error that the model saves.
    """
    rows = []
    for (scope, task), part in _date_scopes(dates):
        bootstrap: ClusterBootstrap | None = None
        model = part[part["predictor"] == "model"]["error"].to_numpy()
        for predictor, own in part.groupby("predictor", sort=False):
            bootstrap = bootstrap or ClusterBootstrap(own["customer_id"].to_numpy(), draws)
            row: dict[str, object] = {
                "scope": scope,
                "task": task,
                "predictor": predictor,
                "rows": len(own),
            }
            for measure in (*DATE_MEASURES, "covered"):
                values = own[measure].to_numpy(dtype=np.float64)
                if np.isnan(values).all():
                    continue
                row[measure] = float(np.nanmean(values))
                row[f"{measure}_low"], row[f"{measure}_high"] = interval(bootstrap.mean(values))
            error = own["error"].to_numpy()
            saved = 1 - bootstrap.mean(model) / bootstrap.mean(error)
            row["error_saved"] = 1 - float(model.mean() / error.mean())
            row["error_saved_low"], row["error_saved_high"] = interval(saved)
            rows.append(row)
    return pd.DataFrame(rows)


def _scopes(predictions: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield every cutoff's rows by target, then those of all cutoffs."""
    for target, rows in predictions.groupby("target", sort=False):
        for cutoff, part in rows.groupby(_ALONE, sort=True):
            yield str(cutoff), str(target), part
        yield POOLED, str(target), rows


def _date_scopes(dates: pd.DataFrame) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    for task, rows in dates.groupby("task", sort=False):
        for cutoff, part in rows.groupby(_ALONE, sort=True):
            yield (str(cutoff), str(task)), part
        yield (POOLED, str(task)), rows

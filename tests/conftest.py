"""What holds for every test: Prefect silent and patient, set before anything imports it.

The conftests of the folders import the packages inside their fixtures: the process that deals out
the tests reads them too, and nobody works until it has.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

os.environ["PREFECT_LOGGING_LEVEL"] = "CRITICAL"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "90"

TRAIN_ONCE = ("tests/test_models/", "tests/test_pipelines/")
"""Folders whose tests share trained models: one process trains them and runs all of these."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class ByFixtures(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            shared = [folder for folder in TRAIN_ONCE if nodeid.startswith(folder)]
            return shared[0] if shared else str(super()._split_scope(nodeid))

    return ByFixtures(config, log)

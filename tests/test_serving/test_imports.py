from __future__ import annotations

import subprocess
import sys


def test_an_answer_needs_no_training_library():
    code = (
        "import sys, serving.app; "
        "print([name for name in sys.modules if name in "
        "('mlflow', 'prefect', 'shap', 'optbinning', 'matplotlib', 'pipelines')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr

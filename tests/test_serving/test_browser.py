from __future__ import annotations

import re
import shutil
import socket
import threading
import time

import pytest
import uvicorn

from configs.settings import Settings
from serving.app import create_app

CHROMIUM = shutil.which("chromium")
KEY = "a-key-for-tests"


@pytest.fixture
def address(home, published):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(create_app(home, Settings(), KEY), port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 15
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [1400, 400])
def test_a_collector_works_the_list(address, width):
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.set_default_timeout(15_000)
        faults: list[str] = []
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: faults.append(dialog.message))
        elsewhere: list[str] = []
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(address) else elsewhere.append(request.url)
            ),
        )

        page.goto(f"{address}/worklist?key={KEY}")
        assert page.url == f"{address}/worklist"
        rows = page.get_by_role("row")
        api.expect(rows).to_have_count(3)
        # No part of the page hangs over the side.
        assert page.evaluate("document.documentElement.scrollWidth") <= width

        page.get_by_label("Collector").select_option("anna")
        page.wait_for_url(re.compile("collector=anna"))
        api.expect(page.get_by_role("rowheader")).to_have_count(1)

        page.get_by_role("link", name="@SUM(A1)").click()
        api.expect(page.get_by_role("heading", level=1)).to_have_text("@SUM(A1)")
        api.expect(page.get_by_text("90 days past due").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width

        page.get_by_role("link", name="Worklist").first.focus()
        page.get_by_role("link", name="← Worklist").click()
        page.wait_for_url(re.compile("collector=anna"))
        with page.expect_download() as download:
            page.get_by_role("link", name="Export CSV").click()
        assert download.value.suggested_filename == "worklist-2026-01-01.csv"
        assert (faults, elsewhere) == ([], [])
        browser.close()

"""The product's web process (uvicorn) over the test database, and Chromium in front of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from hosting import chromium, waiting
from hosting.places import ROOT, free_port
from hosting.process import dying_with_parent
from migrations_app.services import people

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LIMIT_MS = 60_000
"""How long a page may take: the machine has other work, and a green test waits for its condition only."""

SECRET = "a-secret-for-demo-links"
# Playwright's loop runs in this thread, which Django takes for async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
expect.set_options(timeout=LIMIT_MS)


@pytest.fixture(scope="session")
def server(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Give the address of a web process that serves the test database."""
    database = urlsplit(os.environ["DATABASE_URL"])
    url = urlunsplit(database._replace(path=f"/{connection.settings_dict['NAME']}"))
    port, folder = free_port(), tmp_path_factory.mktemp("web")
    log = folder / "web.log"
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "CUTOVER_DEMO_LOGIN_SECRET": SECRET,
        "CUTOVER_STATIC_ROOT": str(folder / "static"),
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
    }
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput"]
    subprocess.run(collect, cwd=ROOT, env=environment, check=True, capture_output=True)
    command = [sys.executable, "-m", "uvicorn", "dashboard.asgi:application", "--port", str(port)]
    with log.open("wb") as written:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            preexec_fn=dying_with_parent(),
        )
        try:
            address = f"http://127.0.0.1:{port}"
            waiting.until(waiting.http_answers(f"{address}/healthz/"), 120)
            yield address
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give one Chromium for a file of tests: while it is open, its event loop runs in this thread."""
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=str(chromium.find()), args=FLAGS)
        yield chrome
        chrome.close()


Visit = Callable[..., Page]


@pytest.fixture
def visit(server: str, browser: Browser, transactional_db: None, settings: object) -> Iterator[Visit]:
    """Give a page, logged in with a role; at the end no console message may have come."""
    said: list[str] = []
    contexts: list[BrowserContext] = []

    def listen(message: ConsoleMessage) -> None:
        if "status of 4" not in message.text:
            said.append(f"{message.type}: {message.text}")

    def open_page(
        role: str = "operator",
        *,
        scripts: bool = True,
        theme: str = "",
        language: str = "en",
        width: int = 1440,
    ) -> Page:
        settings.DEMO_LOGIN_SECRET = SECRET  # type: ignore[attr-defined]
        people.ensure(role, role)
        context = browser.new_context(
            base_url=server,
            java_script_enabled=scripts,
            viewport={"width": width, "height": 900},
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.add_cookies([{"name": "django_language", "value": language, "url": server}])
        if theme:
            context.add_cookies([{"name": "theme", "value": theme, "url": server}])
        page = context.new_page()
        page.set_default_timeout(LIMIT_MS)
        page.on("console", listen)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(people.demo_login_path(role))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture(scope="session")
def axe() -> str:
    """Give axe-core's source; skipped where it is not installed, failed in CI."""
    path = Path(ROOT) / "node_modules" / "axe-core" / "axe.min.js"
    if path.exists():
        return path.read_text(encoding="utf-8")
    if os.environ.get("CI"):
        pytest.fail("axe-core must be there in CI: it is installed by `make test`.")
    pytest.skip("axe-core is not installed (node_modules/axe-core)")

"""A person with a browser at a running demo: goes where people go, by clicks, and minds what is said."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    expect,
)
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.stack import Stack

CLICK_MS = 60_000
OPERATION_MS = 240_000
RUN_MS = 300_000
WIDTH = 1440

_KEEP_TITLES = """() => {
    window.titles = [[Date.now(), document.title]];
    new MutationObserver(() => window.titles.push([Date.now(), document.title]))
        .observe(document.querySelector('title'), {childList: true, characterData: true, subtree: true});
}"""


class Walker:
    """One person in a browser of their own (``role``: viewer, operator, approver)."""

    def __init__(self, browser: Browser, stack: Stack, role: str) -> None:
        self.stack = stack
        self.said: list[str] = []
        self.context: BrowserContext = browser.new_context(
            base_url=stack.web_url,
            viewport={"width": WIDTH, "height": 900},
            locale="en-GB",
            reduced_motion="reduce",
        )
        self.page = self.open(stack.said["web"]["login_urls"][role])

    def open(self, url: str) -> Page:
        """Open another page beside the first."""
        page = self.context.new_page()
        page.set_default_timeout(CLICK_MS)
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.said.append(f"{page.url}: {error}"))
        page.goto(url)
        return page

    def _listen(self, message: ConsoleMessage) -> None:
        # Chromium reports each refused form, which the page shows by itself.
        if "status of 4" not in message.text:
            self.said.append(f"{message.page.url if message.page else ''}: {message.text}")

    # ------------------------------------------------------------------------------------ places

    def function(self, name: str) -> Page:
        """Go to a function's page by the list of functions."""
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name="Functions").click()
        self.page.get_by_role("link", name=name, exact=True).first.click()
        expect(self.page.get_by_role("heading", level=1, name=name)).to_be_visible()
        return self.page

    def go_on(self) -> None:
        """Follow the button that leads from an ended operation or run to the function."""
        self.page.locator(".head a.btn.pri").click()
        self.page.wait_for_url("**/functions/**")

    def follow(self, link: Locator, address: str) -> None:
        """Click until it leads there: a page that lives may take the link away under the finger."""
        for _ in range(3):
            link.click()
            with suppress(PlaywrightTimeout):
                self.page.wait_for_url(address, timeout=CLICK_MS / 3)
                return
        raise AssertionError(f"{link} led to {self.page.url}")

    # -------------------------------------------------------------------------------------- verbs

    def declare(self, name: str) -> None:
        """Declare a function read-only."""
        page = self.function(name)
        page.locator("#offer-declare").click()
        page.get_by_label("Side effects").select_option("read-only")
        page.get_by_label("Reason").fill("It reads and answers, nothing else")
        page.get_by_role("button", name="Declare").click()
        page.wait_for_url(f"**/functions/{name}/")

    def carry_out(self, button: str, *calls: str, reason: str) -> None:
        """On a plan page: read the plan, give the reason, press, and wait until it is done."""
        self.press(button, *calls, reason=reason)
        self.wait_until_done()

    def press(self, button: str, *calls: str, reason: str) -> None:
        """On a plan page: read the plan, give the reason, press; that leads to the operation."""
        plan = self.page.locator("ol.plan")
        for call in calls:
            expect(plan).to_contain_text(call)
        self.page.get_by_label("Reason").fill(reason)
        self.page.get_by_role("button", name=button).click()
        self.page.wait_for_url("**/operations/**")

    def wait_until_done(self) -> None:
        """Wait on the operation's page, which lives, for its good end."""
        state = self.page.locator("#operation-state .pill")
        expect(state).to_have_text(re.compile("Done|Undone|Failed|Superseded"), timeout=OPERATION_MS)
        expect(state, self.page.locator("#operation-state .lede").inner_text()).to_have_text("Done")

    def deploy(self, name: str) -> None:
        """Deploy from the function's page, by its plan."""
        self.function(name).get_by_role("link", name="Deploy…").click()
        self.carry_out("Deploy to FC", "fc:CreateFunction", reason="First deployment")
        self.go_on()

    def validate(self, name: str) -> str:
        """Validate from the function's page; give the verdict's word."""
        lead = self.function(name).locator("#head").get_by_role("link", name=re.compile("^Validate"))
        self.follow(lead, f"**/functions/{name}/validate/")
        self.page.get_by_role("button", name="Validate").click()
        self.page.wait_for_url("**/runs/**")
        verdict = self.page.locator("#run-state .head .pill")
        expect(verdict).to_have_text(
            re.compile("Pass|Fail|Inconclusive|Error|Could not finish"), timeout=RUN_MS
        )
        return verdict.inner_text().strip()

    def take_along(self, name: str) -> None:
        """Declare, deploy, and validate until it may be shifted."""
        self.declare(name)
        self.deploy(name)
        assert self.validate(name) == "Pass", self.page.locator("#run-state .lede[role=status]").inner_text()
        self.go_on()

    def set_policy(self, values: Mapping[str, float]) -> None:
        """Change the policy of all functions on its page."""
        page = self.page
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Settings").click()
        page.get_by_role("link", name="Policies").click()
        for name, value in values.items():
            page.locator(f"[name={name}]").fill(f"{value:g}")
        page.get_by_label("Reason").fill("A short way for this test")
        page.get_by_role("button", name="Change the policy").click()
        page.wait_for_load_state()
        name, value = next(iter(values.items()))
        expect(page.locator(f"[name={name}]")).to_have_value(f"{value:g}")


class TitleWatch:
    """Notes when a page's title, which carries weight and phase, changes, by the page's clock.

    The page's clock and PostgreSQL's are this machine's.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        page.wait_for_function("document.querySelector('#live-light span').textContent === 'Live'")
        page.evaluate(_KEEP_TITLES)

    def first(self, beginning: str) -> dt.datetime:
        """Wait for a title that begins so; give when it was first there."""
        self.page.wait_for_function(
            "beginning => window.titles.some(([, title]) => title.startsWith(beginning))",
            arg=beginning,
            timeout=RUN_MS,
        )
        found: list[Any] = self.page.evaluate("window.titles")
        at = next(at for at, title in found if title.startswith(beginning))
        return dt.datetime.fromtimestamp(at / 1000, dt.UTC)


def wanted() -> bool:
    """Tell whether pictures for the documents are wanted: CUTOVER_SCREENSHOTS names a folder for them."""
    return bool(os.environ.get("CUTOVER_SCREENSHOTS"))


def screenshot(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a picture for the documents where they are wanted; ``whole``: of all that can be scrolled to."""
    if wanted():
        page.evaluate("scrollTo(0, 0)")
        folder = Path(os.environ["CUTOVER_SCREENSHOTS"])
        page.screenshot(path=folder / f"{name}.png", animations="disabled", full_page=whole)

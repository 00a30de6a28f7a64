"""The sandbox's fault page in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.sandbox_fixtures import running_alibaba


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_person_makes_a_function_fail_and_stops_it(tmp_path: Path, browser: Browser) -> None:
    with running_alibaba(tmp_path) as alibaba:
        alibaba.create_function("orders-flaky", source="exports.handler = async () => 1")
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{alibaba.url}/_sandbox/?token={alibaba.keys.admin_token}")
        assert alibaba.keys.admin_token not in page.url
        page.get_by_role("button", name="Fail 20 % on FC: orders-flaky").press("Enter")
        expect(page.locator("table")).to_contain_text("fails 20 % of its invocations")
        page.get_by_role("button", name="Stop failing: orders-flaky").click()
        expect(page.locator("table")).to_contain_text("works")
        page.close()
        assert complaints == []

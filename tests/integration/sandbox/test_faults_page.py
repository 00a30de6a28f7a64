"""The page of faults, on both halves: what a person does with it, and what a hostile web page cannot do."""

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.sandbox_fixtures import running_alibaba, running_aws

pytestmark = pytest.mark.enable_socket


@dataclass(kw_only=True)
class Browser:
    """Keeps cookies, as a browser does, and shows an answer of any status."""

    url: str
    token: str
    cookies: urllib.request.HTTPCookieProcessor = field(default_factory=urllib.request.HTTPCookieProcessor)

    def send(
        self, path: str, form: Mapping[str, str] | None = None, **headers: str
    ) -> tuple[int, str, dict[str, str]]:
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"{self.url}{path}", data=data, headers=named)
        try:
            with urllib.request.build_opener(self.cookies).open(request, timeout=10) as answer:
                return answer.status, answer.read().decode(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), dict(error.headers)

    def enter(self) -> str:
        status, text, _ = self.send(f"/_sandbox/?token={self.token}")
        assert status == 200
        return text

    def form_token(self) -> str:
        return str(re.findall(r"name='form_token' value='([0-9a-f]+)'", self.enter())[0])


@pytest.fixture(scope="module", params=["aws", "alibaba"])
def half(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    place: Path = tmp_path_factory.mktemp("sandbox")
    if request.param == "aws":
        with running_aws(place) as aws:
            yield aws.endpoint, aws.keys.admin_token
    else:
        with running_alibaba(place) as alibaba:
            yield alibaba.url, alibaba.keys.admin_token


@pytest.fixture
def browser(half: tuple[str, str]) -> Browser:
    return Browser(url=half[0], token=half[1])


def test_a_person_adds_a_fault_sees_it_and_lifts_it(browser: Browser) -> None:
    token = browser.form_token()
    rule = {
        "form_token": token,
        "kind": "late-logs",
        "function": "some<fn>",
        "version": "live",
        "rate": "12.5",
        "ms": "300",
        "jitter_ms": "50",
        "seed": "7",
        "times": "3",
    }
    status, text, headers = browser.send("/_sandbox/rule", rule, Origin=browser.url)
    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "function some&lt;fn&gt; · version live" in text
    assert "12.5 %, seed 7, 300 ms, up to 50 ms more, 3 left" in text
    (rule_id,) = re.findall(r"name='id' value='(\w+)'", text)
    _, text, _ = browser.send("/_sandbox/lift", {"form_token": token, "id": rule_id}, Origin=browser.url)
    assert "some&lt;fn&gt;" not in text


@pytest.mark.parametrize(
    ("field_name", "value", "sentence"),
    [
        ("kind", "explode", "kind must be one of"),
        ("ms", "soon", "ms must be a whole number"),
        ("rate", "200", "rate must lie between 0 and 1"),
        ("rate", "often", "the percentage must be a number"),
    ],
)
def test_a_wrong_form_is_answered_with_a_sentence(
    browser: Browser, field_name: str, value: str, sentence: str
) -> None:
    form = {"form_token": browser.form_token(), "kind": "reset", field_name: value}
    status, text, _ = browser.send("/_sandbox/rule", form, Origin=browser.url)
    assert status == 400
    assert sentence in text
    assert "role='alert'" in text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
    ],
)
def test_a_hostile_page_changes_nothing_even_in_the_browser_of_a_person_who_is_in(
    browser: Browser, headers: dict[str, str]
) -> None:
    form = {"form_token": browser.form_token(), "kind": "reset"}
    for path, sent in (
        ("/_sandbox/rule", form),
        ("/", {"Action": "ListFunctions"}),
        ("/_sandbox/health", None),
    ):
        status, text, answered = browser.send(path, sent, **headers)
        assert status == 403
        assert "access-control-allow-origin" not in {name.lower() for name in answered}
        assert "Traceback" not in text
    assert "<p>None.</p>" in browser.enter()


def test_a_link_from_another_page_opens_the_page_and_no_more(browser: Browser) -> None:
    browser.enter()
    crossing = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert browser.send("/_sandbox/", None, **crossing)[0] == 200
    form = {"form_token": browser.form_token(), "kind": "reset"}
    assert browser.send("/_sandbox/rule", form, **crossing)[0] == 403
    assert browser.send("/_sandbox/faults", None, **crossing)[0] == 403


def test_it_wants_the_token_the_session_and_the_form_s_own_token(browser: Browser) -> None:
    assert browser.send("/_sandbox/")[0] == 403
    assert browser.send("/_sandbox/?token=wrong")[0] == 403
    assert browser.send("/_sandbox/rule", {"form_token": "0" * 64, "kind": "reset"})[0] == 403
    other = Browser(url=browser.url, token=browser.token)
    stolen = other.form_token()
    browser.enter()
    assert browser.send("/_sandbox/rule", {"form_token": stolen, "kind": "reset"})[0] == 403
    assert browser.send("/_sandbox/rule")[0] == 405

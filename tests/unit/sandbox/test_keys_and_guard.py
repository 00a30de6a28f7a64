"""Keys are drawn once and kept private; the doors are closed to web pages."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox import keys
from sandbox.guard import refusal, token_matches


def test_keys_are_drawn_once_even_by_two_starts_at_the_same_time(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        drawn = set(pool.map(lambda _: keys.ensure(tmp_path), range(8)))
    assert drawn == {keys.read(tmp_path)}
    assert keys.place(tmp_path).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_keys_do_not_show_their_secrets(tmp_path: Path) -> None:
    drawn = keys.ensure(tmp_path)
    for secret in (drawn.aws.secret_access_key, drawn.alibaba.access_key_secret, drawn.admin_token):
        assert secret not in repr(drawn)


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "localhost", "[::1]:80", "bucket.localhost:1"])
def test_a_program_on_this_machine_may_pass(host: str) -> None:
    assert refusal({"host": host}) is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "127.0.0.1", "origin": "null"},
        {"host": "127.0.0.1", "origin": "http://127.0.0.1:8000"},
        {"host": "127.0.0.1", "sec-fetch-site": "cross-site"},
        {"host": "127.0.0.1", "sec-fetch-site": "same-site"},
    ],
)
def test_what_a_page_or_another_host_sends_is_refused(headers: dict[str, str]) -> None:
    assert refusal(headers)


def test_the_own_page_may_pass() -> None:
    own = "http://127.0.0.1:1"
    assert (
        refusal({"host": "127.0.0.1:1", "origin": own, "sec-fetch-site": "same-origin"}, own_origin=own)
        is None
    )


def test_the_admin_token_must_match() -> None:
    assert token_matches({"x-sandbox-token": "t"}, "t")
    assert not token_matches({"x-sandbox-token": "u"}, "t")
    assert not token_matches({}, "t")

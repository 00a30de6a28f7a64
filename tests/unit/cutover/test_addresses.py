"""Which addresses may be called."""

from __future__ import annotations

import pytest

from cutover.addresses import allowed_from, checked_url, may_connect
from cutover.errors import BadInput

LIST = allowed_from(["rie.internal:8080", "10.1.0.0/16", "localhost:9000", "[::1]:9001", "box"])


@pytest.mark.parametrize(
    "url",
    [
        "http://rie.internal:8080",
        "http://RIE.internal.:8080/",
        "http://10.1.2.3:9999/base",
        "https://box",
        "http://localhost:9000",
        "http://[::1]:9001",
        "http://[::ffff:10.1.2.3]/",
    ],
)
def test_what_is_on_the_list_may_be_called(url: str) -> None:
    assert checked_url(url, LIST).hostname


@pytest.mark.parametrize(
    "url",
    [
        "http://rie.internal",
        "http://other:8080",
        "http://evil-rie.internal:8080",
        "http://rie.internal.evil:8080",
        "http://rie.internal:8080@evil/",
        "http://user:word@box/",
        "http://box/?q=1",
        "http://box/#x",
        "ftp://box/",
        "file:///etc/passwd",
        "//box/",
        "box",
        "http://10.2.0.1",
        "http://169.254.169.254/",
        "http://0x0a010203/",
        "http://167837955/",
        "http://127.0.0.1:9000",
        "http://localhost:9001",
        "http://box:99999/",
        "http://[::1/",
        "",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(BadInput):
        checked_url(url, LIST)


def test_an_empty_list_says_what_to_set() -> None:
    with pytest.raises(BadInput, match="CUTOVER_RIE_HOSTS=box:8080"):
        checked_url("http://box:8080", ())


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "127.0.0.1",
        "::1",
        "0.0.0.0",
        "224.0.0.1",
        "not an address",
    ],
)
def test_a_name_on_the_list_that_leads_there_is_not_called(address: str) -> None:
    assert not may_connect("box", 80, address, LIST)
    everything = allowed_from(["box", "0.0.0.0/1"])
    assert not may_connect("box", 80, address, everything) or address == "127.0.0.1"


def test_metadata_is_not_called_even_when_the_list_names_it() -> None:
    named = allowed_from(["169.254.169.254", "100.100.100.200", "0.0.0.0/0"])
    assert not may_connect("169.254.169.254", 80, "169.254.169.254", named)
    assert not may_connect("100.100.100.200", 80, "100.100.100.200", named)


def test_loopback_is_called_where_the_list_says_so_itself() -> None:
    assert may_connect("localhost", 9000, "127.0.0.1", LIST)
    assert not may_connect("localhost", 9002, "127.0.0.1", LIST)
    assert may_connect("::1", 9001, "::1", LIST)
    assert may_connect("box", 80, "10.9.9.9", LIST)


@pytest.mark.parametrize("word", ["a b", "host:port", "host:0", "http://host", "[::1", "*.internal", ":80"])
def test_a_word_that_names_no_host_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        allowed_from([word])

"""Pages of an OSS listing."""

from hypothesis import given
from hypothesis import strategies as st

from sandbox.alibaba.oss.listing import page_of

KEYS = st.sets(st.text(alphabet="ab/é", min_size=1, max_size=6), max_size=30)


@given(keys=KEYS, prefix=st.sampled_from(["", "a", "a/", "é"]), most=st.integers(1, 5))
def test_pages_together_are_the_whole(keys: set[str], prefix: str, most: int) -> None:
    ordered = sorted(keys, key=str.encode)
    whole = page_of(ordered, prefix=prefix, delimiter="/", after="", most=1000)
    kept, prefixes, after = [], [], ""
    while True:
        page = page_of(ordered, prefix=prefix, delimiter="/", after=after, most=most)
        kept += page.keys
        prefixes += page.prefixes
        after = page.last
        if not page.cut:
            break
        assert len(page.keys) + len(page.prefixes) == most
    assert (kept, prefixes) == (whole.keys, whole.prefixes)
    rolled = {prefix + key[len(prefix) :].partition("/")[0] + "/" for key in keys
              if key.startswith(prefix) and "/" in key[len(prefix) :]}  # fmt: skip
    plain = {key for key in keys if key.startswith(prefix) and "/" not in key[len(prefix) :]}
    assert (set(whole.keys), set(whole.prefixes)) == (plain, rolled)


@given(keys=KEYS, after=st.text(alphabet="ab/é", max_size=3))
def test_a_page_without_a_delimiter_gives_what_lies_behind_the_marker(keys: set[str], after: str) -> None:
    ordered = sorted(keys, key=str.encode)
    page = page_of(ordered, prefix="", delimiter="", after=after, most=1000)
    assert page.keys == [key for key in ordered if key.encode() > after.encode()]

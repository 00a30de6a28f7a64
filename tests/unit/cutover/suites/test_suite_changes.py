"""What changed between two versions of a suite."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cutover.suites import Entry, changes

ENTRIES = st.lists(
    st.builds(Entry, title=st.sampled_from("abc"), event=st.integers(0, 4)),
    max_size=8,
)


def entry(title: str, event: object, **more: object) -> Entry:
    return Entry(title=title, event=event, **more)  # type: ignore[arg-type]


def test_it_tells_what_came_went_changed_and_stayed() -> None:
    before = [entry("stays", 1), entry("changes", 2), entry("goes", 3)]
    after = [entry("changes", 20), entry("comes", 4), entry("stays", 1)]
    found = changes(before, after)
    assert (found.added, found.removed, found.changed, found.kept) == (1, 1, 1, 1)
    assert (found.added_titles, found.removed_titles) == (("comes",), ("goes",))
    assert found.changed_titles == ("changes",)


def test_expected_effects_belong_to_an_event_and_tags_do_not() -> None:
    expecting = entry("a", 1, expected_effects=({"kind": "object-written"},))
    assert changes([entry("a", 1)], [expecting]).changed == 1
    assert not changes([entry("a", 1)], [entry("a", 1, tags=("smoke",))]).any


def test_an_event_that_is_listed_twice_counts_twice() -> None:
    found = changes([entry("a", 1)], [entry("a", 1), entry("a", 1)])
    assert (found.kept, found.added) == (1, 1)


@given(before=ENTRIES, after=ENTRIES)
def test_every_event_is_counted_once_on_its_side(before: list[Entry], after: list[Entry]) -> None:
    found = changes(before, after)
    assert found.kept + found.changed + found.removed == len(before)
    assert found.kept + found.changed + found.added == len(after)
    back = changes(after, before)
    assert (back.added, back.removed) == (found.removed, found.added)

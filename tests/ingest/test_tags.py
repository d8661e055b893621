"""Tags by rules and by hand, in a real store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import Config, TagRule
from pipeline.data import Scope, VideoRecord
from pipeline.errors import Code, ConfigError, LockedError, QueryError, StoreError
from pipeline.filters import TagIs
from pipeline.ingest.delete import delete
from pipeline.ingest.state import run_lock
from pipeline.ingest.tags import rule_tags, tag
from pipeline.paths import names_path
from pipeline.search.where import videos_where
from pipeline.store import VideoStore
from tests.ingest.archives import COPIES, filled, three
from tests.store.samples import record, video_id

A, B, C = map(video_id, "abc")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Videos a, tagged night and rain, b and c."""
    return filled(tmp_path, three())


def records(config: Config) -> dict[str, VideoRecord]:
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        return {found.video.video_id: found for found in store.iterate_videos()}


def tags(config: Config) -> dict[str, tuple[str, ...]]:
    return {key: found.tags for key, found in records(config).items()}


def rule(path: str, *given: str) -> TagRule:
    return TagRule(path=path, tags=given)


def test_rules_give_tags() -> None:
    rules = [rule("lectures/**", "lecture", "indoor"), rule("*.mkv", "film", "indoor")]
    assert rule_tags(["/a/lectures/1.mp4"], rules) == ("indoor", "lecture")
    assert rule_tags(["/a/1.mp4", "/b/lectures/1.mkv"], rules) == ("film", "indoor", "lecture")
    assert rule_tags(iter(["/a/1.mp4"]), iter(rules)) == ()
    assert rule_tags([], rules) == ()


PATHS = st.lists(st.sampled_from(["/a/x.mp4", "/a/b/x.mp4", "/c/y.mkv"]))
RULES = st.lists(
    st.builds(
        TagRule,
        path=st.sampled_from(["a", "/a/*", "**/x.mp4", "*.mkv", "d"]),
        tags=st.lists(st.sampled_from("pqrs"), min_size=1),
    )
)


@given(PATHS, RULES)
def test_a_rule_gives_its_tags_where_it_names_a_path(
    paths: list[str], rules: list[TagRule]
) -> None:
    found = rule_tags(paths, rules)
    assert list(found) == sorted(set(found))
    for each in "pqrs":
        gives = [one for one in rules if each in one.tags]
        assert (each in found) == any(names_path(one.path, p) for one in gives for p in paths)


def test_tags_come_and_go_and_nothing_else_does(config: Config) -> None:
    before = records(config)
    found = tag(config, ["cam1/*"], add=["day", "rain"], remove=["night", "snow"])
    assert [(facts.paths[0], facts.tags) for facts in found] == [
        (COPIES[0], ("day", "rain")),
        ("/archive/cam1/b.mp4", ("day", "rain")),
    ]
    after = records(config)
    assert {key: one.tags for key, one in after.items()} == {
        A: ("day", "rain"), B: ("day", "rain"), C: (),
    }  # fmt: skip
    for key, one in after.items():
        old = before[key]
        assert (one.video, one.revision, one.paths, one.rows, one.indexed_at) == (
            old.video, old.revision, old.paths, old.rows, old.indexed_at,
        )  # fmt: skip
        np.testing.assert_array_equal(one.mean, old.mean)
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        assert {facts.video_id for facts in store.facts(TagIs("day"))} == {A, B}
        assert len(list(store.scan(Scope()))) == 15


def test_tagging_twice_is_tagging_once(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tag(config, [A], add=["day"], remove=["rain"])
    monkeypatch.setattr(VideoStore, "commit", lambda *_: pytest.fail("nothing to write"))
    assert tag(config, [A], add=["day"], remove=["rain"]) == first
    assert tags(config)[A] == ("day", "night")


def test_without_tags_it_shows_them_and_holds_no_lock(config: Config) -> None:
    with run_lock(config):
        assert [facts.tags for facts in tag(config, [C, A])] == [("night", "rain"), ()]
        with pytest.raises(LockedError):
            tag(config, [A], add=["day"])


@pytest.mark.parametrize(
    "odd", ['say "x"', "back\\slash", "%_like", "a or b", "ü\u200d😀", "it's", "x" * 200]
)
def test_a_tag_of_any_letters_is_found_again(config: Config, odd: str) -> None:
    tag(config, [B], add=[odd])
    written = odd.replace("\\", "\\\\").replace('"', '\\"')
    (found,) = tag(config, where=videos_where(f'tag = "{written}"'))
    assert (found.video_id, found.tags) == (B, (odd,))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("tag = night or path = c.mp4", {A, C}),
        ("recorded = 2024-05-01", {C}),
        (f"not video = {A[:8]}", {B, C}),
        ("duration > 1:00", set()),
    ],
)
def test_videos_by_a_filter(config: Config, where: str, expected: set[str]) -> None:
    assert {facts.video_id for facts in tag(config, where=videos_where(where))} == expected
    tag(config, where=videos_where(where), add=["found"])
    assert {key for key, found in tags(config).items() if "found" in found} == expected


@pytest.mark.parametrize("where", ["time > 3", "tag = a and not kind = tile"])
def test_a_filter_of_moments_chooses_no_videos(where: str) -> None:
    with pytest.raises(QueryError, match="choose moments"):
        videos_where(where)


def test_an_unknown_name_changes_nothing(config: Config) -> None:
    with pytest.raises(StoreError, match=r"not in the archive: /gone\.mp4; nothing was changed"):
        tag(config, [A, "/gone.mp4"], add=["day"])
    assert tags(config)[A] == ("night", "rain")


@pytest.mark.parametrize(
    ("add", "remove", "message"),
    [
        (["day", ""], [], "tag '': a tag needs at least one character"),
        (["day", "a,b"], [], "tag 'a,b': a tag has no comma"),
        ([], [" a"], "tag ' a': a tag begins and ends without blanks"),
        (["a\nb"], [], "no line breaks"),
        (["a\udcff"], [], "no control characters"),
        (["day", "night"], ["night"], "tag 'night': is to be added and to be removed"),
    ],
)
def test_what_is_no_tag_changes_nothing(
    config: Config, add: list[str], remove: list[str], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        tag(config, [A], add=add, remove=remove)
    assert message in str(caught.value)
    assert tags(config)[A] == ("night", "rain")


def test_more_tags_than_a_row_holds(tmp_path: Path) -> None:
    full = record("full", tags=tuple(f"t{n:04d}" for n in range(4096)))
    config = filled(tmp_path, [full, record("free")])
    with pytest.raises(StoreError, match="4097 tags, and Milvus holds 4096") as caught:
        tag(config, ["archive/*"], add=["one more"])
    assert caught.value.code == Code.STORE_FAILED
    assert caught.value.uri == "/archive/full.mp4"
    assert tags(config)[video_id("free")] == ()
    (one,) = tag(config, ["*/full*"], add=["one more"], remove=["t0000"])
    assert len(one.tags) == len(tags(config)[video_id("full")]) == 4096


def test_what_names_tags_names_what_is_deleted(config: Config) -> None:
    gone = delete(config, ["cam1/*", C[:8]], confirm=lambda found: len(found) == 3)
    assert [Path(each.video.path).name for each in gone] == ["a.mp4", "b.mp4", "c.mp4"]
    assert tags(config) == {}

"""Names that somebody writes -> videos of the archive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.errors import Code, QueryError, StoreError
from pipeline.ingest.named import find_videos
from pipeline.store import VideoStore
from tests.ingest.archives import filled, three
from tests.store.samples import record, video_id

ALIKE = ("69235", "95303")
"""Videos whose ids begin with the same 8 digits."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VideoStore]:
    """An archive that no test changes."""
    odd = [record("*"), *(record(name) for name in ALIKE)]
    config = filled(tmp_path_factory.mktemp("named"), [*three(), *odd])
    with VideoStore.connect(config.store) as opened:
        opened.open_for_changing()
        yield opened


def found(store: VideoStore, *names: str) -> list[str]:
    ids = {video_id(name): name for name in ("a", "b", "c", "*", *ALIKE)}
    return [ids[facts.video_id] for facts in find_videos(store, names)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["/archive/cam1/a.mp4"], ["a"]),
        (["/copy/../copy/a [1080p].mp4"], ["a"]),
        ([video_id("b"), video_id("c")[:8].upper()], ["b", "c"]),
        (["/archive/cam1/b.mp4", video_id("b"), "/copy/*"], ["b", "a"]),
        (["cam1/*"], ["a", "b"]),
        (["/archive/cam?/*"], ["a", "b", "c"]),
        (["*[1080p]*"], ["a"]),
        (["/archive/*.mp4"], ["*"]),
        ([], []),
    ],
)
def test_what_names_mean(store: VideoStore, names: list[str], expected: list[str]) -> None:
    assert sorted(found(store, *names)) == sorted(expected)


def test_names_begin_in_this_folder(store: VideoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getcwd", lambda: "/archive/cam2")
    monkeypatch.setenv("HOME", "/archive")
    assert found(store, "c.mp4", "./*.mp4") == ["c"]
    assert found(store, "../cam1/b*", "~/cam2/*") == ["b", "c"]


@pytest.mark.parametrize(
    "name",
    ["/archive/cam1", "cam9/*", "a.mp4", video_id("a")[:7], "0" * 64, "", "~nobody-of-that-name"],
)
def test_a_name_of_nothing_is_told(store: VideoStore, name: str) -> None:
    with pytest.raises(StoreError, match="nothing was changed") as caught:
        find_videos(store, ["/archive/cam1/b.mp4", name])
    assert caught.value.code == Code.NOT_FOUND
    assert f"not in the archive: {name};" in caught.value.message


def test_digits_of_several_videos_are_no_name(store: VideoStore) -> None:
    first, second = map(video_id, ALIKE)
    with pytest.raises(QueryError, match="2 videos start with it") as caught:
        find_videos(store, [first[:8]])
    assert first[:14] in caught.value.message
    assert second[:14] in caught.value.message
    assert found(store, first[:20]) == [ALIKE[0]]

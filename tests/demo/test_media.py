"""The demo videos: their truth holds, and the query picture is like its frame, not equal to it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.demo.media import FPS, QUERY, DemoClip, render
from pipeline.media.image import load_image
from pipeline.media.probe import probe
from pipeline.media.reader import open_frames

SMALL = (96, 54)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[DemoClip, ...]]:
    folder = tmp_path_factory.mktemp("demo") / "videos"
    return folder, render(folder)


@pytest.fixture(scope="module")
def pictures(demo: tuple[Path, tuple[DemoClip, ...]]) -> dict[str, np.ndarray]:
    """All frames of the videos by their names, small, RGB."""
    folder, clips = demo
    return {clip.name: _frames(folder / clip.name) for clip in clips}


def _frames(path: Path) -> np.ndarray:
    small = [
        cv2.resize(frame[:, :, ::-1], SMALL, interpolation=cv2.INTER_AREA)
        for batch in open_frames(path)
        for frame in batch.frames
    ]
    return np.stack(small).astype(np.float32)


def test_videos_are_what_the_truth_says(demo: tuple[Path, tuple[DemoClip, ...]]) -> None:
    folder, clips = demo
    assert {path.name for path in folder.iterdir()} == {QUERY.name, *(clip.name for clip in clips)}
    labels = [scene.label for clip in clips for scene in clip.scenes]
    assert len(set(labels)) == len(labels)
    for clip in clips:
        video = probe(folder / clip.name)
        assert (video.codec, video.width, video.height) == ("h264", 640, 360)
        assert video.frame_rate == pytest.approx(FPS)
        assert video.duration_s == pytest.approx(clip.scenes[-1].end_s)
        ends = [0.0, *(scene.end_s for scene in clip.scenes)]
        assert [scene.start_s for scene in clip.scenes] == ends[:-1]


def test_cuts_are_where_the_truth_says(
    demo: tuple[Path, tuple[DemoClip, ...]], pictures: dict[str, np.ndarray]
) -> None:
    for clip in demo[1]:
        changes = np.abs(np.diff(pictures[clip.name], axis=0)).mean(axis=(1, 2, 3))
        cuts = [round(scene.start_s * FPS) for scene in clip.scenes[1:]]
        largest = np.argsort(changes)[::-1][: len(cuts)] + 1
        assert sorted(largest.tolist()) == cuts


def test_query_is_nearest_to_its_moment(
    demo: tuple[Path, tuple[DemoClip, ...]], pictures: dict[str, np.ndarray]
) -> None:
    query = load_image(demo[0] / QUERY.name)
    assert query.shape == (270, 480, 3)
    small = cv2.resize(query, SMALL, interpolation=cv2.INTER_AREA).astype(np.float32)
    apart = {
        (name, n): float(np.abs(frame - small).mean())
        for name, frames in pictures.items()
        for n, frame in enumerate(frames)
    }
    video, frame = min(apart, key=apart.__getitem__)
    assert video == QUERY.video
    assert abs(frame / FPS - QUERY.seconds) <= 0.1
    assert apart[video, frame] > 0


def test_rendering_again_gives_the_same_videos(
    demo: tuple[Path, tuple[DemoClip, ...]], tmp_path: Path, monkeypatch
) -> None:
    from pipeline.demo import media

    folder, _ = demo
    script = media._script()
    monkeypatch.setattr(media, "_script", lambda: {QUERY.video: script[QUERY.video]})
    render(tmp_path)
    for name in (QUERY.video, QUERY.name):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()

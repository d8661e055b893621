"""The pictures of every decoder and of every room that shows some, against FFmpeg's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Code, MediaError
from pipeline.media.clip import write_clip
from pipeline.media.colour import over_white, tones_of
from pipeline.media.probe import probe
from pipeline.media.reader import open_frames
from pipeline.media.thumbnail import frame_at
from pipeline.media.tones import Tones, light_of, to_bt709
from tests.media.coloured import COLOURED, Coloured
from tests.media.colours import apart
from tests.media.ffmpeg_truth import shown
from tests.media_factory import ffmpeg

TOLERANCE = 0.02
DECORD_OPENS = {".mp4", ".mov", ".mkv", ".webm"}
BY_NAME = {coloured.name: coloured for coloured in COLOURED}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every file, by name."""
    folder = tmp_path_factory.mktemp("colours")
    for coloured in COLOURED:
        path = folder / coloured.name
        drawn = folder / f"drawn-{coloured.name}" if coloured.turn else path
        ffmpeg("-f", "lavfi", "-i", coloured.draw, *coloured.encode, str(drawn))
        if coloured.turn:
            ffmpeg(*coloured.turn, "-i", str(drawn), "-c", "copy", str(path))
    return {coloured.name: folder / coloured.name for coloured in COLOURED}


def _pictures(path: Path, backend) -> list[np.ndarray]:
    batches = open_frames(path, backend=backend)
    return [frame[:, :, ::-1] for batch in batches for frame in batch.frames]


def _params(backends: tuple[str, ...]) -> list:
    return [
        pytest.param(coloured, backend, id=f"{coloured.name}-{backend}")
        for coloured in COLOURED
        for backend in backends
    ]


@pytest.mark.parametrize(("coloured", "backend"), _params(("pyav", "auto")))
def test_pictures_are_those_of_ffmpeg(made, coloured: Coloured, backend: str) -> None:
    path = made[coloured.name]
    truth = shown(path, coloured.truth, coloured.size)
    pictures = _pictures(path, backend)
    assert len(pictures) == len(truth) == 6
    gaps = [apart(picture, there) for picture, there in zip(pictures, truth, strict=True)]
    assert max(gaps) <= TOLERANCE


@pytest.mark.parametrize("coloured", COLOURED, ids=lambda coloured: coloured.name)
def test_decord_is_right_or_refuses(made, coloured: Coloured) -> None:
    path = made[coloured.name]
    if coloured.needs is not None or path.suffix not in DECORD_OPENS:
        reason = coloured.needs if path.suffix in DECORD_OPENS else "MP4, MOV, MKV and WebM"
        with pytest.raises(MediaError, match=reason) as caught:
            next(iter(open_frames(path, backend="decord")))
        assert caught.value.code == Code.DECODE_ERROR
        return
    truth = shown(path, coloured.truth, coloured.size)
    gaps = [apart(*pair) for pair in zip(_pictures(path, "decord"), truth, strict=True)]
    assert max(gaps) <= TOLERANCE


@pytest.mark.parametrize("coloured", COLOURED, ids=lambda coloured: coloured.name)
def test_every_room_shows_the_same(made, tmp_path: Path, coloured: Coloured) -> None:
    path = made[coloured.name]
    pictures = _pictures(path, "pyav")
    video = probe(path)
    assert (video.width, video.height) == coloured.size
    for number in (0, 3):
        np.testing.assert_array_equal(frame_at(path, number / 25), pictures[number])


ENCODED_AGAIN = [c.name for c in COLOURED if c.needs and c.needs != "not square"]


@pytest.mark.parametrize("name", ENCODED_AGAIN)
def test_a_clip_that_is_encoded_again_shows_the_same(made, tmp_path: Path, name: str) -> None:
    clip = tmp_path / "clip.mp4"
    written = write_clip(made[name], clip, 0.04, 0.24)
    pictures = _pictures(made[name], "pyav")[1:]
    again = _pictures(clip, "pyav")
    assert not written.copied
    assert [picture.shape for picture in again] == [picture.shape for picture in pictures]
    assert max(apart(*pair) for pair in zip(again, pictures, strict=True)) <= TOLERANCE


def test_fields_are_not_combs(made) -> None:
    """Lines of two times do not stand beside each other."""
    for name in ("fields.mpg", "fields.mp4", "fields_422.mkv", "fields_lower_first.avi"):
        stored = shown(made[name], "null", BY_NAME[name].size)
        for picture, comb in zip(_pictures(made[name], "pyav"), stored, strict=True):
            assert _combed(picture) < 0.5 * _combed(comb), name


def _combed(picture: np.ndarray) -> float:
    """How far lines are from the mean of their neighbours."""
    lines = picture.astype(float)
    return float(np.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2).mean())


def test_hdr_is_neither_flat_nor_cut_off(made) -> None:
    """Plain conversion shows PQ dark and flat; a hard limit loses what is brighter than white."""
    plain = shown(made["pq.mp4"], "null", BY_NAME["pq.mp4"].size)
    mapped = np.asarray(_pictures(made["pq.mp4"], "pyav"))
    assert mapped.std() > 1.1 * plain.std()
    truth = BY_NAME["pq.mp4"].truth.replace("hable", "clip")
    limited = shown(made["pq.mp4"], truth, BY_NAME["pq.mp4"].size)
    assert np.mean(mapped == 255) < 0.5 * np.mean(limited == 255)


@given(st.sampled_from((1, 2, 6, 13, 14, 15)), st.sampled_from((1, 2, 5, 6)))
def test_only_hdr_and_wide_gamuts_are_mapped(transfer: int, primaries: int) -> None:
    assert tones_of(transfer, primaries) is None
    assert tones_of(transfer, 9) == Tones("standard", "bt2020")
    assert tones_of(transfer, 12) == Tones("standard", "p3")


def test_what_hdr_that_names_nothing_else_is() -> None:
    assert tones_of(16, 2) == tones_of(16, 9) == Tones("pq", "bt2020")
    assert tones_of(18, 2) == tones_of(18, 9) == Tones("hlg", "bt2020")
    assert tones_of(16, 1) == Tones("pq", "bt709")


def test_curves_are_those_of_bt2100() -> None:
    """Levels that ITU-R BT.2408 names: HLG's reference white, and PQ of 100 and 1,000 cd/m2."""
    assert light_of("hlg", np.array([0.75, 1.0])) == pytest.approx([2.03, 10], abs=0.01)
    assert light_of("pq", np.array([0.508, 0.752, 1.0])) == pytest.approx([1, 10, 100], rel=0.01)
    assert light_of("standard", np.array([0.0, 1.0])).tolist() == [0, 1]


def test_matrices_keep_white_and_match_bt2087() -> None:
    for primaries in ("bt709", "bt2020", "p3"):
        np.testing.assert_allclose(to_bt709(primaries).sum(axis=1), 1, atol=1e-9)
    expected = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    np.testing.assert_allclose(to_bt709("bt2020"), expected, atol=1e-4)


def test_what_is_transparent_shows_white() -> None:
    pixels = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 100, 200, 51]]], np.uint8)
    assert over_white(pixels).tolist() == [[[10, 20, 30], [255, 255, 255], [204, 224, 244]]]
    opaque = pixels[:, :1]
    assert over_white(opaque).tolist() == [[[10, 20, 30]]]

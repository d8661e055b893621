"""A file holds its own frames: nothing in it, nor in its name, makes a decoder open others."""

from __future__ import annotations

import ast
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

import pipeline
from pipeline.errors import Code, MediaError
from pipeline.media.look import is_plain_container, look_at
from pipeline.media.probe import probe
from pipeline.media.reader import Backend, open_frames
from tests.media_factory import MediaFactory

PACKAGE = Path(pipeline.__file__).parent


def boxes(content: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of the MP4 boxes of a span."""
    while start < end:
        size, name = struct.unpack_from(">I4s", content, start)
        yield name, start, start + size
        start += size


def find(content: bytes, *names: bytes) -> list[tuple[int, int]]:
    """The spans of a box and of those around it, outermost first."""
    spans, start, end = [], 0, len(content)
    for name in names:
        start, end = next(
            (first, last) for found, first, last in boxes(content, start, end) if found == name
        )
        spans.append((start, end))
        start += 8
    return spans


def elsewhere(original: bytes, name: str) -> bytes:
    """A file whose frames are in another file beside it, as QuickTime's aliases say it."""
    start, end = find(original, b"mdat")[0]
    hollow = original[: start + 8] + bytes(end - start - 8) + original[end:]
    path = f"/{name}".encode()
    path += bytes(len(path) % 2)
    # A classic Mac OS alias record: volume, file name, one level up and one down, absolute path.
    alias = (
        bytes(4) + bytes(10) + bytes(1 + 27) + bytes(12) + bytes(1 + 63) + bytes(16)
        + struct.pack(">HH", 1, 1) + bytes(16)
        + struct.pack(">HH", 2, len(path)) + path
        + struct.pack(">HH", 0xFFFF, 0) + bytes(20)
    )  # fmt: skip
    entry = struct.pack(">I4s", 8 + len(alias), b"alis") + alias
    spans = find(hollow, b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref")
    start, end = spans[-1]
    dref = bytes(4) + struct.pack(">I", 1) + entry
    grown = len(dref) + 8 - (end - start)
    changed = bytearray(hollow[: start + 8] + dref + hollow[end:])
    for first, last in spans:
        struct.pack_into(">I", changed, first, last - first + grown)
    return bytes(changed)


@pytest.mark.parametrize("backend", ["auto", "decord", "pyav"])
def test_frames_in_another_file_are_not_fetched(
    media: MediaFactory, tmp_path: Path, backend: Backend
) -> None:
    original = media["short.mp4"].read_bytes()
    (tmp_path / "other.mp4").write_bytes(original)
    hostile = tmp_path / "hostile.mp4"
    hostile.write_bytes(elsewhere(original, "other.mp4"))
    # Where it is allowed, FFmpeg does fetch them: this is what is shut.
    with av.open(str(hostile), options={"enable_drefs": "1"}) as opened:
        assert len(list(opened.decode(video=0))) > 0
    with pytest.raises(MediaError):
        list(open_frames(hostile, backend=backend))


LISTS = {
    "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{video}\n#EXT-X-ENDLIST\n",
    "concat.mp4": "ffconcat version 1.0\nfile {video}\n",
    "dash.mp4": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"'
    ' profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><BaseURL>{video}</BaseURL></MPD>\n',
    "session.mp4": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
    "list.mkv": "[playlist]\nFile1={video}\n",
    "smil.ts": "<smil><video src='{video}'/></smil>\n",
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("bom", ["", "\ufeff", "\n \n"])
def test_a_list_of_files_is_no_video(
    media: MediaFactory, tmp_path: Path, name: str, bom: str
) -> None:
    path = tmp_path / name
    path.write_text(bom + LISTS[name].format(video=media["short.mp4"]), encoding="utf-8")
    for look in (look_at, probe, lambda path: list(open_frames(path, backend="decord"))):
        with pytest.raises(MediaError, match="not a video") as caught:
            look(path)
        assert caught.value.code == Code.NOT_A_VIDEO


@pytest.mark.parametrize("name", ["hls.mp4", "concat.mp4", "dash.mp4"])
def test_nor_is_one_that_is_no_text(media: MediaFactory, tmp_path: Path, name: str) -> None:
    """What the first look lets pass, FFmpeg's own list of formats refuses."""
    path = tmp_path / name
    path.write_bytes(LISTS[name].format(video=media["short.mp4"]).encode() + b"\0\1\2")
    look_at(path)
    for backend in ("auto", "decord", "pyav"):
        with pytest.raises(MediaError) as caught:
            list(open_frames(path, backend=backend))
        assert caught.value.code == Code.NOT_A_VIDEO


@pytest.mark.parametrize("backend", ["auto", "decord", "pyav"])
def test_a_manifest_within_a_video(media: MediaFactory, tmp_path: Path, backend: Backend) -> None:
    """FFmpeg looks for one anywhere in the first bytes; an MP4 stays one for both decoders."""
    changed = bytearray(media["short.mp4"].read_bytes())
    # Over what the encoder says of itself in the first frame, which nobody shows.
    place = changed.index(b"x264 - core")
    manifest = LISTS["dash.mp4"].format(video="/etc/passwd").encode()
    changed[place : place + len(manifest)] = manifest
    path = tmp_path / "both.mp4"
    path.write_bytes(changed)
    assert probe(path).container == probe(media["short.mp4"]).container
    assert sum(len(batch.pts_s) for batch in open_frames(path, backend=backend)) == 4


@pytest.mark.parametrize(
    ("name", "expected"),
    [("short.mp4", True), ("vp9.webm", True), ("h264.ts", False), ("mpeg4.avi", False)],
)
def test_decord_is_given_plain_containers_alone(
    media: MediaFactory, monkeypatch: pytest.MonkeyPatch, name: str, expected: bool
) -> None:
    import decord

    given: list[str] = []

    # In decord's place, since what is looked at is whether it is asked at all.
    def reader(path: str, **options: Any) -> None:
        given.append(path)
        raise decord.DECORDError("not here")

    monkeypatch.setattr(decord, "VideoReader", reader)
    assert is_plain_container(media[name]) is expected
    list(open_frames(media[name], backend="auto"))
    assert given == [], "it cannot tell a damaged frame"
    with pytest.raises(MediaError):
        list(open_frames(media[name], backend="decord"))
    assert given == [str(media[name])] * expected


def _calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node)


GATES = {
    "av.open(": {
        "media/animation.py",
        "media/container.py",
        "media/writer.py",
        "media/clip.py",
        "media/copying.py",
    },
    "decord.VideoReader(": {"media/reader.py"},
    "Image.open(": {"media/image.py"},
    "cv2.VideoCapture(": set(),
    "cv2.imread(": set(),
    "open_video(": set(),
    "yaml.SafeLoader(": {"plain_yaml.py"},
    "yaml.load(": set(),
    "yaml.safe_load(": set(),
    # Training goes on from a file that it wrote itself.
    "torch.load(": {"models/checkpoint.py", "demo/learn.py"},
    "torch.jit.load(": {"models/checkpoint.py"},
    "pickle.load": set(),
    "np.load(": set(),
    "os.system(": set(),
}


def test_every_file_goes_through_its_gate() -> None:
    """Who opens what somebody else made, and where: a new place belongs on this list, or shut."""
    found: dict[str, set[str]] = {call: set() for call in GATES}
    for path in PACKAGE.rglob("*.py"):
        for call in _calls(path):
            for start in GATES:
                if call.startswith(start):
                    found[start].add(str(path.relative_to(PACKAGE)))
                    if start == "av.open(" and not path.match("media/container.py"):
                        assert "absolute()), 'w'" in call or "(memory, 'w'" in call, (
                            f"{path}: {call}"
                        )
    assert found == GATES

"""Lists that editors import, read back by their own grammar."""

from __future__ import annotations

import csv
import io
import re
from fractions import Fraction
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree as ET

from pipeline.export.edl import by_rate, edl_text
from pipeline.export.fcpxml import fcpxml_text
from pipeline.export.picks import picks_of
from pipeline.export.table import HEADER, csv_text
from pipeline.export.timecode import nearest_rate
from tests.export.samples import SOUND, answer, found_in, hit, moment, video

_EVENT = re.compile(
    r"^(\d{3})  ([A-Z0-9]{1,8}) +(V|AA/V) +C        "
    r"(\d\d:\d\d:\d\d[:;]\d\d) (\d\d:\d\d:\d\d[:;]\d\d) "
    r"(\d\d:\d\d:\d\d[:;]\d\d) (\d\d:\d\d:\d\d[:;]\d\d)$"
)


def _events(text: str) -> list[tuple[str, ...]]:
    return [match.groups() for line in text.splitlines() if (match := _EVENT.match(line))]


def _edl(*results, **options) -> str:
    ((rate, found),) = by_rate(found_in(*results, **options)).items()
    return edl_text(found, rate, title="a red car")


def test_an_edl() -> None:
    a = hit(video("/v/holiday 2025.mp4"), moment(12.4, 15.2), moment(61, 62))
    b = hit(video("/v/b.mp4"), moment(0, 0.04))
    text = _edl(a, b, every=True, sound=SOUND)
    assert text.splitlines()[:2] == ["TITLE: a red car", "FCM: NON-DROP FRAME"]
    assert _events(text) == [
        ("001", "HOLIDAY2", "AA/V", "00:00:12:10", "00:00:15:05", "01:00:00:00", "01:00:02:20"),
        ("002", "HOLIDAY2", "AA/V", "00:01:01:00", "00:01:02:00", "01:00:02:20", "01:00:03:20"),
        ("003", "B", "AA/V", "00:00:00:00", "00:00:00:01", "01:00:03:20", "01:00:03:21"),
    ]
    assert "* FROM CLIP NAME: holiday 2025.mp4" in text
    assert "* SOURCE FILE: /v/b.mp4" in text


def test_an_edl_of_29_97_drops_frames() -> None:
    ntsc = hit(video("/v/a.mp4", frame_rate=29.97003), moment(60.06, 600.6))
    text = _edl(ntsc)
    assert "FCM: DROP FRAME" in text
    assert _events(text) == [
        ("001", "A", "V", "00:01:00;02", "00:10:00;18", "01:00:00;00", "01:09:00;18"),
    ]


def test_an_edl_has_one_rate() -> None:
    groups = by_rate(
        found_in(
            hit(video("/v/a.mp4"), moment(0, 1)),
            hit(video("/v/b.mp4", frame_rate=59.9401), moment(0, 1)),
            hit(video("/v/c.mp4", frame_rate=24.9999), moment(0, 1)),
        )
    )
    assert [(rate.name, len(found)) for rate, found in groups.items()] == [("25", 2), ("59.94", 1)]
    assert "FCM: DROP" in edl_text(groups[nearest_rate(59.94)], nearest_rate(59.94), title="")


def test_reels_have_names_of_their_own() -> None:
    paths = ["/v/holiday_a.mp4", "/w/holiday_b.mp4", "/v/日本.mp4", "/w/中国.mp4", "/v/ax.mp4"]
    text = _edl(*(hit(video(path), moment(0, 1)) for path in paths))
    assert [event[1] for event in _events(text)] == [
        "HOLIDAYA", "HOLIDAYB", "CLIP", "CLIP2", "CLIP3",
    ]  # fmt: skip
    same = _edl(hit(video("/v/x.mp4"), moment(0, 1)), hit(video("/w/x.mp4"), moment(0, 1)))
    assert [event[1] for event in _events(same)] == ["X", "X2"]


def test_names_add_no_lines_to_an_edl() -> None:
    text = _edl(hit(video("/v/a\n001  X V C \x1b.mp4"), moment(0, 1)))
    assert len(_events(text)) == 1
    assert len(text.splitlines()) == 7
    assert "\x1b" not in text


def _seconds(text: str) -> Fraction:
    assert re.fullmatch(r"\d+(/\d+)?s", text), text
    return Fraction(text.removesuffix("s"))


def _checked(text: str) -> ET.Element:
    """Parse, and hold against what importers insist on."""
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>')
    root = ET.fromstring(text)
    assert (root.tag, root.get("version")) == ("fcpxml", "1.10")
    assert [child.tag for child in root] == ["resources", "library"]
    resources = root.find("resources")
    ids = [node.get("id") for node in resources]
    assert len(set(ids)) == len(ids)
    formats = {node.get("id"): node for node in resources.findall("format")}
    assets = {node.get("id"): node for node in resources.findall("asset")}
    assert len(formats) + len(assets) == len(ids)
    for asset in assets.values():
        assert asset.get("format") in formats
        assert asset.find("media-rep").get("src").startswith("file:///")
    sequence = root.find("library/event/project/sequence")
    frame = _seconds(formats[sequence.get("format")].get("frameDuration"))
    at = Fraction(0)
    for clip in sequence.find("spine"):
        assert clip.tag == "asset-clip"
        asset = assets[clip.get("ref")]
        own = _seconds(formats[asset.get("format")].get("frameDuration"))
        start, length = _seconds(clip.get("start")), _seconds(clip.get("duration"))
        assert _seconds(clip.get("offset")) == at, "clips lie end to end"
        assert length > 0
        assert (at / frame).denominator == (length / frame).denominator == 1
        assert (start / own).denominator == 1
        assert start + length <= _seconds(asset.get("duration")) + own
        order = [child.tag for child in clip]
        assert order == [tag for tag in ("note", "conform-rate", "marker") if tag in order]
        marker = clip.find("marker")
        assert start <= _seconds(marker.get("start")) < start + max(length, own)
        assert (clip.find("conform-rate") is not None) == (own != frame)
        at += length
    assert _seconds(sequence.get("duration")) == at
    return root


def test_an_fcpxml() -> None:
    a = hit(video("/v/holiday & 'co'.mp4"), moment(12.4, 15.2), moment(61, 62))
    b = hit(video("/v/b.mp4", frame_rate=29.97003), moment(60.06, 61.0611))
    c = hit(video("/v/c.mp4", frame_rate=23.976, width=640), moment(0, 3.003))
    root = _checked(fcpxml_text(found_in(a, b, c, every=True, sound=SOUND), title="a <red> car"))
    assert len(root.findall("resources/asset")) == 3, "one asset a video"
    assert {n.get("frameDuration") for n in root.iter("format")} == {
        "1/25s", "1001/30000s", "1001/24000s",
    }  # fmt: skip
    clips = list(root.iter("asset-clip"))
    assert [(clip.get("start"), clip.get("duration")) for clip in clips] == [
        ("62/5s", "14/5s"), ("61s", "1s"), ("3003/50s", "1s"), ("0s", "3s"),
    ]  # fmt: skip
    assert [node.get("srcFrameRate") for node in root.iter("conform-rate")] == ["29.97", "23.98"]
    asset = root.find("resources/asset")
    assert asset.get("name") == "holiday & 'co'.mp4"
    assert asset.find("media-rep").get("src") == "file:///v/holiday%20%26%20%27co%27.mp4"
    assert (asset.get("hasAudio"), asset.get("audioRate")) == ("1", "48000")
    assert root.find("library/event/project").get("name") == "a <red> car"


def test_an_fcpxml_of_ntsc_video() -> None:
    root = _checked(
        fcpxml_text(
            found_in(hit(video("/v/a.mp4", frame_rate=59.94), moment(60.06, 61.061))), title=""
        )
    )
    assert root.find("library/event/project/sequence").get("tcFormat") == "DF"
    assert root.find("resources/asset").get("hasAudio") is None


def test_names_that_are_no_xml() -> None:
    root = _checked(
        fcpxml_text(found_in(hit(video("/v/a\x01\udcff\n.mp4"), moment(0, 1))), title="\x00")
    )
    url = root.find("resources/asset/media-rep").get("src")
    assert unquote_to_bytes(url) == b"file:///v/a\x01\xff\n.mp4"


def test_a_table() -> None:
    odd = '/v/a,"b"\n=1+1\udcff.mp4'
    picks = picks_of(
        answer(hit(video(odd), moment(1 / 3, 2, 0.3123456789), moment(5, 6)),
               hit(video("/v/b.mp4"), moment(0, 1))),
        every=True,
    )  # fmt: skip
    header, *rows = csv.reader(io.StringIO(csv_text(picks), newline=""))
    assert tuple(header) == HEADER
    assert [row[:2] for row in rows] == [["1", "1"], ["1", "2"], ["2", "1"]]
    assert rows[0][2:6] == ["0.312346", "0.333333", "2.000000", "1.166667"]
    assert rows[0][6] == '/v/a,"b"\n=1+1\\udcff.mp4'
    assert unquote_to_bytes(rows[0][7]).endswith(b"=1+1\xff.mp4")
    csv_text(picks).encode()
    assert not any(cell[:1] in "=+@" for row in rows for cell in row)


def test_an_empty_table_has_its_header() -> None:
    assert csv_text(()) == ",".join(HEADER) + "\r\n"

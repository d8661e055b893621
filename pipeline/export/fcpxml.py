"""Picks -> FCPXML 1.10, which Final Cut Pro and DaVinci Resolve import."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from xml.etree import ElementTree as ET

from pipeline.data import Video
from pipeline.export.picks import Pick
from pipeline.export.source import Source
from pipeline.export.timecode import Rate, frames_between, nearest_rate
from pipeline.text import clock, printable

Found = tuple[Pick, Source]


def fcpxml_text(found: Sequence[Found], *, title: str) -> str:
    """One project: the picks one after the other, in the format of the best one.

    Every time is a whole number of frames: what is cut by its video's own, where it lies by those
    of the project. The best frame of each moment carries a marker.

    Args:
        found: Picks with their files, at least one.
        title: What was asked.
    """
    root = ET.Element("fcpxml", version="1.10")
    resources = ET.SubElement(root, "resources")
    formats = _formats(resources, found)
    assets = _assets(resources, found, formats)
    library = ET.SubElement(root, "library")
    event = ET.SubElement(library, "event", name=_name(f"vsearch: {title}"))
    project = ET.SubElement(event, "project", name=_name(title) or "vsearch")
    rate = _rate(found[0])
    sequence = ET.SubElement(
        project,
        "sequence",
        format=formats[_format(found[0])],
        tcStart="0s",
        tcFormat=_count(rate),
    )
    spine = ET.SubElement(sequence, "spine")
    at = 0
    for pick, source in found:
        at += _clip(spine, pick, source, assets[pick.record.video.video_id], rate, at)
    sequence.set("duration", _time(at, rate))
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{body}\n'


_Format = tuple[Rate, int, int]


def _format(found: Found) -> _Format:
    video = found[0].record.video
    return _rate(found), video.width, video.height


def _rate(found: Found) -> Rate:
    return nearest_rate(found[0].record.video.frame_rate)


def _formats(resources: ET.Element, found: Sequence[Found]) -> dict[_Format, str]:
    ids: dict[_Format, str] = {}
    for one in found:
        rate, width, height = form = _format(one)
        if form not in ids:
            ids[form] = f"r{len(ids) + 1}"
            ET.SubElement(
                resources,
                "format",
                id=ids[form],
                frameDuration=_time(1, rate),
                width=str(width),
                height=str(height),
            )
    return ids


def _assets(
    resources: ET.Element, found: Sequence[Found], formats: dict[_Format, str]
) -> dict[str, str]:
    ids: dict[str, str] = {}
    for one in found:
        pick, source = one
        video = pick.record.video
        if video.video_id in ids:
            continue
        ids[video.video_id] = f"r{len(formats) + len(ids) + 1}"
        asset = ET.SubElement(
            resources,
            "asset",
            id=ids[video.video_id],
            name=_name(source.path.name),
            uid=video.video_id[:32].upper(),
            start="0s",
            duration=_time(_length(video), _rate(one)),
            hasVideo="1",
            format=formats[_format(one)],
        )
        if source.sound:
            asset.set("hasAudio", "1")
            asset.set("audioSources", "1")
            asset.set("audioChannels", str(source.sound.channels))
            asset.set("audioRate", str(source.sound.rate))
        ET.SubElement(asset, "media-rep", kind="original-media", src=source.path.as_uri())
    return ids


def _length(video: Video) -> int:
    return frames_between(0.0, video.duration_s, nearest_rate(video.frame_rate))[1]


def _clip(spine: ET.Element, pick: Pick, source: Source, asset: str, project: Rate, at: int) -> int:
    """Lay a pick at a frame of the project; how many of its frames it takes."""
    moment = pick.moment
    own = nearest_rate(pick.record.video.frame_rate)
    first, last = frames_between(moment.start_s, moment.end_s, own)
    length = max(1, math.floor((last - first) / own.exact * project.exact + Fraction(1, 100)))
    clip = ET.SubElement(
        spine,
        "asset-clip",
        ref=asset,
        name=_name(source.path.stem),
        offset=_time(at, project),
        start=_time(first, own),
        duration=_time(length, project),
        tcFormat=_count(own),
    )
    ET.SubElement(clip, "note").text = f"score {moment.score:.3f}"
    if own != project:
        ET.SubElement(clip, "conform-rate", srcFrameRate=_conformed(own))
    best = min(max(first, frames_between(moment.best_s, moment.best_s, own)[0]), last - 1)
    ET.SubElement(
        clip,
        "marker",
        start=_time(best, own),
        duration=_time(1, own),
        value=f"best, at {clock(moment.best_s)}",
    )
    return length


def _conformed(rate: Rate) -> str:
    """As the DTD spells rates: with two digits at most."""
    return f"{float(rate.exact):.2f}".removesuffix(".00")


def _count(rate: Rate) -> str:
    return "DF" if rate.drops else "NDF"


def _time(frames: int, rate: Rate) -> str:
    """Whole frames as rational seconds, over the rate's own denominator."""
    if frames == 0:
        return "0s"
    seconds = frames / rate.exact
    return f"{seconds.numerator}s" if seconds.denominator == 1 else f"{seconds}s"


def _name(text: str) -> str:
    return " ".join(printable(text).split())

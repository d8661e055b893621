"""Single files looked at in a decode process, for `vsearch probe` and `vsearch scenes`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.config import Config, ScenesConfig
from pipeline.data import Decoded, Failure, Scene, SceneSamples, Video
from pipeline.errors import Code, MediaError
from pipeline.ingest.child import Event
from pipeline.ingest.decode import DecodeSettings
from pipeline.ingest.recorded import recorded
from pipeline.ingest.workers import decode_pool


def probe_file(path: Path, config: Config, *, check: bool = False) -> Video:
    """What `probe` finds in a file, and what its name says.

    Args:
        path: The file.
        config: All settings.
        check: Decode all of it, to see what of it can be read.

    Raises:
        MediaError: As `probe`, with `check` as `decode_video`, or DECODE_CRASH, DECODE_MEMORY or
            DECODE_TIMEOUT.
    """
    # Nothing is detected: only the frames are of interest.
    scenes = ScenesConfig(detector="fixed")
    settings = DecodeSettings(config.decode, scenes, None)
    for event in _events(path, settings, go_on=check):
        if isinstance(event, Decoded) or (isinstance(event, Video) and not check):
            video = event.video if isinstance(event, Decoded) else event
            return recorded(video, [video.path], config.source)
    raise AssertionError("a file ends in what was found, or in an error")


def scenes_of_file(path: Path, config: Config) -> list[Scene]:
    """The scenes of a file under `config.scenes`.

    Raises:
        MediaError: As `decode_video`, or DECODE_CRASH, DECODE_MEMORY or DECODE_TIMEOUT.
    """
    settings = DecodeSettings(config.decode, config.scenes, None)
    events = _events(path, settings, go_on=True)
    return [event.scene for event in events if isinstance(event, SceneSamples)]


def _events(path: Path, settings: DecodeSettings, *, go_on: bool) -> Iterator[Event]:
    with decode_pool(settings) as pool:
        for event in pool.run([path], wanted=lambda video: go_on):
            if isinstance(event, Failure):
                raise MediaError(event.message, code=Code(event.code), uri=event.uri)
            yield event

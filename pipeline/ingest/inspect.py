"""Single files looked at in a decode process, for `vsearch probe` and `vsearch scenes`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.config import Config
from pipeline.data import Failure, Scene, SceneSamples, Video
from pipeline.errors import Code, MediaError
from pipeline.ingest.child import Event
from pipeline.ingest.decode import DecodeSettings
from pipeline.ingest.workers import decode_pool


def probe_file(path: Path, config: Config) -> Video:
    """What `probe` finds in a file.

    Raises:
        MediaError: As `probe`, or DECODE_CRASH, DECODE_MEMORY or DECODE_TIMEOUT.
    """
    settings = DecodeSettings(config.decode, config.scenes, None)
    return next(event for event in _events(path, settings, go_on=False) if isinstance(event, Video))


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

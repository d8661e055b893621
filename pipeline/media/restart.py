"""Packets up to where the clock of a file starts again: behind that, a time is there twice.

Recordings that were joined without being remade, and recorders that restart, give MPEG-TS and
MPEG-PS such clocks. Only one of two frames of the same time can be in a timeline.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import av
from av.video.stream import VideoStream

_MOST_BACK_S = Fraction(1, 10)
"""Decoding times that go back by more are another clock's; so FFmpeg's own programs take it."""

_ROUND = 1 << 33
"""Clocks go round after so many ticks, 26.5 hours. FFmpeg takes a clock that starts again for one
that went round; a step is what it is the shorter way."""


def until_restart(
    packets: Iterable[av.Packet[VideoStream] | None],
    tick_s: Fraction,
    told: Callable[[], None],
) -> Iterator[av.Packet[VideoStream] | None]:
    """The packets before the clock goes back, and stays there.

    One packet alone with another time than its neighbours has a damaged one, and passes.

    Args:
        packets: In the order of the file; None, where something could not be read, passes.
        tick_s: Seconds a tick of their clock lasts.
        told: Called if there are others behind.
    """
    before: deque[int] = deque(maxlen=2)
    held: av.Packet[VideoStream] | None = None
    for packet in packets:
        back = (
            packet is not None and packet.dts is not None and _is_back(packet.dts, before, tick_s)
        )
        if back and held is not None:
            told()
            return
        if held is not None:
            yield held
        held = packet if back else None
        if back:
            continue
        if packet is not None and packet.dts is not None:
            before.append(packet.dts)
        yield packet
    if held is not None:
        yield held


def _is_back(tick: int, before: Iterable[int], tick_s: Fraction) -> bool:
    steps = [(tick - each + _ROUND // 2) % _ROUND - _ROUND // 2 for each in before]
    return bool(steps) and max(steps) * tick_s < -_MOST_BACK_S

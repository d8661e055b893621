"""When a run ends before all is done."""

from __future__ import annotations

import threading
import time


class Stop:
    """Told by a signal, or by the clock.

    Args:
        after_s: So many seconds from now on no further file is begun; None for no end.
    """

    def __init__(self, after_s: float | None = None) -> None:
        self._end = None if after_s is None else time.monotonic() + after_s
        self._told = threading.Event()

    def tell(self) -> None:
        """End soon: keep what is finished, drop what is half done. May be called by a signal."""
        self._told.set()

    @property
    def told(self) -> bool:
        """Whether what is half done should be dropped."""
        return self._told.is_set()

    @property
    def closing(self) -> bool:
        """Whether no further file should be begun."""
        return self.told or (self._end is not None and time.monotonic() >= self._end)

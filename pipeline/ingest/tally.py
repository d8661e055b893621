"""What became of the files of a run, counted while it goes on."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pipeline.data import VideoCounts


@dataclass(slots=True)
class Tally:
    """Counts as `VideoCounts` has them, to be raised; what is left follows from them."""

    found: int = 0
    ingested: int = 0
    unchanged: int = 0
    partial: int = 0
    failed: int = 0
    failed_before: int = 0
    removed: int = 0

    @property
    def counts(self) -> VideoCounts:
        """As they are now."""
        ended = self.ingested + self.partial + self.unchanged + self.failed + self.failed_before
        return VideoCounts(**asdict(self), left=self.found - ended)

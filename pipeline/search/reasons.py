"""Why an answer is empty, as a phrase."""

from __future__ import annotations

from pipeline.filters import ALL_ROWS, NO_ROWS, Selection
from pipeline.store import VideoStore


def nothing_found(store: VideoStore, selection: Selection) -> str:
    """Why no row of a selection was found."""
    if not store.count_videos():
        return "the archive holds no video"
    if selection.rest == ALL_ROWS:
        return "the archive holds no other video"
    if selection.rest != NO_ROWS:
        return "no moment of any video satisfies the filter"
    chosen = sum(mask != NO_ROWS for mask in selection.masks.values())
    if chosen:
        videos = "1 video" if chosen == 1 else f"{chosen} videos"
        return f"the filter selects {videos}, but no moment there"
    return "no video satisfies the filter"

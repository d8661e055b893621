"""A chain of FFmpeg's filters that gives one frame for each frame."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
from av.filter import Graph
from av.filter.context import FilterContext


@dataclass(frozen=True, slots=True)
class Table:
    """A step: one curve for red, green and blue.

    Args:
        values: At even steps from 0 to 1; beyond, the first and the last hold.
    """

    values: tuple[float, ...]

    @property
    def text(self) -> str:
        """As a `.cube` file (Adobe, Cube LUT Specification 1.0)."""
        lines = "\n".join(f"{value:.7f} {value:.7f} {value:.7f}" for value in self.values)
        return f"LUT_1D_SIZE {len(self.values)}\n{lines}\n"


class Chain:
    """Frames -> filtered frames, each at once.

    Args:
        steps: Filters as FFmpeg writes them, `name=option=value:...`. None may hold frames back.
    """

    def __init__(self, *steps: str | Table) -> None:
        self._steps = steps
        self._form: str | None = None
        self._graph = Graph()

    def frame(self, frame: av.VideoFrame) -> av.VideoFrame:
        """One frame through all filters.

        Raises:
            av.FFmpegError: The filters cannot have such frames.
        """
        form = (
            f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
            f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}"
            ":time_base=1/1000000:pixel_aspect=1/1"
        )
        if form != self._form:
            self._form, self._graph = form, self._made(form)
        self._graph.vpush(frame)
        return self._graph.vpull()

    def _made(self, form: str) -> Graph:
        graph = Graph()
        graph.threads = 1
        nodes = [graph.add("buffer", form), *(_node(graph, step) for step in self._steps)]
        graph.link_nodes(*nodes, graph.add("buffersink")).configure()
        return graph


def _node(graph: Graph, step: str | Table) -> FilterContext:
    if isinstance(step, str):
        name, _, options = step.partition("=")
        return graph.add(name, options or None)
    # The filter takes a file alone, and has read it when it is there.
    with tempfile.TemporaryDirectory(prefix="vsearch-") as folder:
        path = Path(folder) / "curve.cube"
        path.write_text(step.text)
        return graph.add("lut1d", file=str(path), interp="linear")

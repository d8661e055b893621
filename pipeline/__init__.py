"""vsearch: find moments in video archives by what is seen in them.

The public names are here; importing this package imports none of the heavy libraries behind them.

```python
from pipeline import Searcher, load_config

with Searcher(load_config("configs/prod.yaml").config) as searcher:
    for found in searcher.query("a red car").results:
        print(found.score, found.record.video.path, found.moments[0].best_s)
```
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.config import Config as Config
    from pipeline.data import Answer as Answer
    from pipeline.data import IngestReport as IngestReport
    from pipeline.data import Moment as Moment
    from pipeline.data import Question as Question
    from pipeline.data import ScoreCurve as ScoreCurve
    from pipeline.data import SequenceAnswer as SequenceAnswer
    from pipeline.data import VideoHit as VideoHit
    from pipeline.errors import VSearchError as VSearchError
    from pipeline.search.searcher import Searcher as Searcher
    from pipeline.settings import load_config as load_config

_HOMES = {
    "Answer": "pipeline.data",
    "Config": "pipeline.config",
    "IngestReport": "pipeline.data",
    "Moment": "pipeline.data",
    "Question": "pipeline.data",
    "ScoreCurve": "pipeline.data",
    "Searcher": "pipeline.search.searcher",
    "SequenceAnswer": "pipeline.data",
    "VSearchError": "pipeline.errors",
    "VideoHit": "pipeline.data",
    "load_config": "pipeline.settings",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("vsearch")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

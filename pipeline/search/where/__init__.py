"""Filters: from the text that somebody wrote to the rows that a search may return.

`text -> tokens -> Filter -> Selection`, or whole videos. The grammar is for people and is explained
in `docs/search.md`; what reaches Milvus is written from types alone, by the store.
"""

from __future__ import annotations

from pipeline.search.where.grammar import parse_filter
from pipeline.search.where.select import select, videos_where

__all__ = ["parse_filter", "select", "videos_where"]

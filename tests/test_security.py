"""docs/security.md: each promise names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_each_promise_names_its_tests() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    promised = page.split("## Promised")[1].split("## Not promised")[0]
    promises = re.findall(r"^(?:- |\*\*\w[^*]*\*\*[ :]).*?(?=^- |^\*\*|\Z)", promised, re.M | re.S)
    assert len(promises) >= 12
    for promise in promises:
        named = re.findall(r"(tests/[\w/]+\.py)::(\w+)", promise)
        assert named, promise
        assert len(named) == promise.count("tests/"), promise
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"

"""YAML: plain values, or an error before anything large is made."""

from __future__ import annotations

from itertools import pairwise

import pytest
import yaml

from pipeline.plain_yaml import MOST_NODES, load_yaml


def test_values() -> None:
    assert load_yaml("a: [1, 2.5, x, null, true]") == {"a": [1, 2.5, "x", None, True]}
    assert load_yaml("") is None
    assert load_yaml("a: &x [1]\nb: *x") == {"a": [1], "b": [1]}
    assert load_yaml("a: &x {p: 1}\nb: {<<: *x, q: 2}") == {"a": {"p": 1}, "b": {"p": 1, "q": 2}}


def _laughs(first: str, line: str) -> str:
    names = [f"n{n}" for n in range(10)]
    lines = [f"n0: &n0 {first}"]
    for before, name in pairwise(names):
        lines.append(f"{name}: &{name} " + line.format(", ".join([f"*{before}"] * 10)))
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (_laughs("[1, 1]", "[{}]"), "stand for more than"),
        (_laughs("{a: 1}", "{{<<: [{}]}}"), "stand for more than"),
        ("&a [*a]", "stand for more than"),
        ("&a {b: *a}", "stand for more than"),
        ("[" * 50_000, "nests too deep"),
        ("!!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("!!python/name:os.system", "could not determine a constructor"),
        ("2024-13-45", "month"),
        ("a: b: c", "mapping values"),
    ],
)
def test_refused(text: str, says: str) -> None:
    with pytest.raises(yaml.YAMLError, match=says):
        load_yaml(text)


def test_a_long_list_is_no_bomb() -> None:
    assert len(load_yaml("\n".join(f"- {n}" for n in range(MOST_NODES - 1)))) == MOST_NODES - 1

"""YAML that somebody wrote -> plain values, of a bearable size: no objects, no bombs."""

from __future__ import annotations

import re
from typing import Any

import yaml

MOST_NODES = 100_000
"""Values of a document, with each alias counted as often as it stands for something."""

_QUOTED = re.compile("""['"].{2,}['"]""", re.DOTALL)
"""What a complaint quotes; one character, such as one that may not stand there, tells nothing."""


def load_yaml(text: str) -> Any:
    """Read one document by safe load.

    Aliases are counted before anything is made of them: nine lines of them can stand for a
    billion values, which all that goes through the values would go through.

    Raises:
        YAMLError: It is none, nests too deep, or stands for more than `MOST_NODES` values.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > MOST_NODES:
            raise yaml.YAMLError(f"its aliases stand for more than {MOST_NODES:,} values")
        return loader.construct_document(node)
    except RecursionError:
        raise yaml.YAMLError("it nests too deep") from None
    # A date, a number or a yes-or-no that there is none of.
    except (AttributeError, LookupError, ValueError) as error:
        raise yaml.YAMLError(str(error)) from None
    finally:
        loader.dispose()


def complaint(error: yaml.YAMLError) -> str:
    """What is wrong and where, without a word of the text: it may be a secret."""
    problem = getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return place + _QUOTED.sub("'...'", " ".join(problem.split()))


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Values that a node stands for."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        # Whoever meets it again within itself goes round for ever.
        known[id(node)] = MOST_NODES
        inner = node.value
        if isinstance(node, yaml.MappingNode):
            inner = [each for pair in node.value for each in pair]
        known[id(node)] = 1 + sum(_size(each, known) for each in inner)
    return known[id(node)]

"""Containers that are trees, ISO-BMFF, Matroska and RIFF: bytes <-> nodes, and surgery on nodes.

Parsing takes any bytes: what makes no sense to it is kept as it is. What was parsed and not changed
is written back byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from tests.fuzz.bytewise import NUMBERS, overwrite_numbers

_MOST_NESTED = 300


@dataclass(frozen=True, slots=True)
class Node:
    """A box, an element or a chunk.

    Args:
        kind: Its type, as it is written; empty for bytes outside of any node.
        body: What it holds.
        claim: The size that is written in its head; None for the true one.
        head: Bytes between its head and its body, such as a full box's version and flags.
    """

    kind: bytes
    body: bytes | tuple[Node, ...]
    claim: int | None = None
    head: bytes = b""


Nodes = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind of container is read and written."""

    parse: Callable[[bytes], Nodes]
    write: Callable[[Sequence[Node]], bytes]


# ---- ISO-BMFF: size (4 bytes, of head and body), type, body ------------------------------------

_BOXES = frozenset(
    b"moov trak mdia minf stbl edts dinf udta mvex moof traf mfra meta sinf schi iprp".split()
)


def parse_boxes(data: bytes) -> Nodes:
    nodes: list[Node] = []
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        if size < 8 or at + size > len(data):
            break
        body = data[at + 8 : at + size]
        nodes.append(Node(kind, parse_boxes(body) if kind in _BOXES and body else body))
        at += size
    return _with_rest(nodes, data[at:])


def write_boxes(nodes: Sequence[Node]) -> bytes:
    written = []
    for node in nodes:
        body = node.body if isinstance(node.body, bytes) else write_boxes(node.body)
        if node.kind:
            size = 8 + len(body) if node.claim is None else node.claim
            written.append((size % 2**32).to_bytes(4, "big") + node.kind)
        written.append(body)
    return b"".join(written)


# ---- RIFF: type, size (4 bytes, little-endian, of the body), body, padded to two bytes ---------

_CHUNKS = frozenset((b"RIFF", b"LIST"))


def parse_chunks(data: bytes) -> Nodes:
    nodes: list[Node] = []
    at = 0
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + size
        padded = end + size % 2
        if padded > len(data):
            break
        body = data[at + 8 : end]
        if kind in _CHUNKS and size >= 4 and not size % 2:
            nodes.append(Node(kind, parse_chunks(body[4:]), head=body[:4]))
        elif size % 2 and data[end:padded] != b"\0":
            break
        else:
            nodes.append(Node(kind, body))
        at = padded
    return _with_rest(nodes, data[at:])


def write_chunks(nodes: Sequence[Node]) -> bytes:
    written = []
    for node in nodes:
        body = node.body if isinstance(node.body, bytes) else write_chunks(node.body)
        if not node.kind:
            written.append(body)
            continue
        body = node.head + body
        size = len(body) if node.claim is None else node.claim
        written += [node.kind, (size % 2**32).to_bytes(4, "little"), body, b"\0" * (len(body) % 2)]
    return b"".join(written)


# ---- Matroska: id, size (1 to 8 bytes, their count in the first one's zeros), body -------------

_ELEMENTS = frozenset(
    bytes.fromhex(each)
    for each in (
        "1a45dfa3", "18538067", "114d9b74", "4dbb", "1549a966", "1654ae6b", "ae", "e0", "e1",
        "1f43b675", "a0", "1c53bb6b", "bb", "b7", "1254c367", "7373", "63c0", "67c8", "55b0",
    )
)  # fmt: skip


def parse_elements(data: bytes) -> Nodes:
    nodes: list[Node] = []
    at = 0
    while at < len(data):
        named = _vint_length(data, at, most=4)
        sized = _vint_length(data, at + named, most=8) if named else 0
        body_at = at + named + sized
        if not named or not sized or body_at > len(data):
            break
        kind, head = data[at : at + named], data[at + named : body_at]
        size = int.from_bytes(head, "big") - (1 << 7 * sized)
        body = data[body_at : body_at + size]
        if len(body) < size:
            break
        # The head is kept, since a size can be written in several lengths.
        nodes.append(Node(kind, parse_elements(body) if kind in _ELEMENTS else body, head=head))
        at = body_at + size
    return _with_rest(nodes, data[at:])


def write_elements(nodes: Sequence[Node]) -> bytes:
    written = []
    for node in nodes:
        body = node.body if isinstance(node.body, bytes) else write_elements(node.body)
        if node.kind:
            size = len(body) if node.claim is None else node.claim
            written += [node.kind, _vint(size, len(node.head) or 8)]
        written.append(body)
    return b"".join(written)


def _vint_length(data: bytes, at: int, *, most: int) -> int:
    """How many bytes a number takes, 0 if there is none."""
    first = data[at] if at < len(data) else 0
    length = 9 - first.bit_length()
    return length if first and length <= most and at + length <= len(data) else 0


def _vint(value: int, length: int) -> bytes:
    while length < 8 and value >= 1 << 7 * length:
        length += 1
    return ((1 << 7 * length) | value % (1 << 7 * length)).to_bytes(length, "big")


def _with_rest(nodes: list[Node], rest: bytes) -> Nodes:
    return (*nodes, Node(b"", rest)) if rest else tuple(nodes)


BOXES = Form(parse_boxes, write_boxes)
CHUNKS = Form(parse_chunks, write_chunks)
ELEMENTS = Form(parse_elements, write_elements)


# ---- surgery -----------------------------------------------------------------------------------


def listed(nodes: Sequence[Node]) -> list[Node]:
    """All nodes with a type, each before what it holds."""
    found = []
    for node in nodes:
        if node.kind:
            found.append(node)
        if isinstance(node.body, tuple):
            found += listed(node.body)
    return found


def replaced(nodes: Sequence[Node], changes: Mapping[int, Nodes]) -> Nodes:
    """The tree with some nodes, by their place in `listed`, replaced with what they hold."""
    return _replaced(nodes, changes, 0)[0]


def _replaced(nodes: Sequence[Node], changes: Mapping[int, Nodes], at: int) -> tuple[Nodes, int]:
    done: list[Node] = []
    for node in nodes:
        here, at = at, at + bool(node.kind)
        body = node.body
        if isinstance(body, tuple):
            body, at = _replaced(body, changes, at)
        if node.kind and here in changes:
            done += changes[here]
        else:
            done.append(replace(node, body=body))
    return tuple(done), at


def _lie(node: Node, others: list[Node], random: Random) -> Nodes:
    """A wrong size."""
    near = (len(node.body) if isinstance(node.body, bytes) else 64) + random.randint(-16, 64)
    return (replace(node, claim=random.choice((max(0, near), *NUMBERS))),)


def _rename(node: Node, others: list[Node], random: Random) -> Nodes:
    """The type of another node, or none that there is."""
    made_up = bytes(random.choices(range(256), k=len(node.kind)))
    return (replace(node, kind=random.choice((made_up, random.choice(others).kind))),)


def _recount(node: Node, others: list[Node], random: Random) -> Nodes:
    """Wrong counts, offsets and times in a table."""
    if isinstance(node.body, tuple):
        return _lie(node, others, random)
    return (replace(node, body=overwrite_numbers(node.body, random)),)


def _empty(node: Node, others: list[Node], random: Random) -> Nodes:
    return (replace(node, body=b""),)


def _drop(node: Node, others: list[Node], random: Random) -> Nodes:
    return ()


def _repeat(node: Node, others: list[Node], random: Random) -> Nodes:
    return (node,) * random.randint(2, 5)


def _nest(node: Node, others: list[Node], random: Random) -> Nodes:
    """A node within itself, deep down."""
    for _ in range(random.choice((1, 2, 30, _MOST_NESTED))):
        node = replace(node, body=(replace(node, head=node.head or b""),))
    return (node,)


def _supplant(node: Node, others: list[Node], random: Random) -> Nodes:
    """Another node in its place."""
    return (random.choice(others),)


def _insert(node: Node, others: list[Node], random: Random) -> Nodes:
    return random.choice(((node, random.choice(others)), (random.choice(others), node)))


_CHANGES = (_lie, _lie, _rename, _recount, _recount, _recount, _empty, _drop, _repeat, _nest,
            _supplant, _insert)  # fmt: skip


def surgery(data: bytes, random: Random, form: Form) -> bytes:
    """Change a node or a few of a container, or let two change places."""
    tree = form.parse(data)
    nodes = listed(tree)
    if not nodes:
        return data
    if random.random() < 0.15:
        one, other = random.randrange(len(nodes)), random.randrange(len(nodes))
        return form.write(replaced(tree, {one: (nodes[other],), other: (nodes[one],)}))
    places = random.sample(range(len(nodes)), k=min(len(nodes), random.choice((1, 1, 2, 4))))
    return form.write(
        replaced(tree, {at: random.choice(_CHANGES)(nodes[at], nodes, random) for at in places})
    )

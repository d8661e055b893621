"""Faults between the store and Milvus: at the client's calls, or on the wire itself."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import grpc
from pymilvus.exceptions import MilvusException

from pipeline.config import StoreConfig
from pipeline.store.client import Client
from pipeline.store.connection import dial

Fault = Callable[[dict[str, Any]], None]


class RpcFailure(grpc.RpcError):
    """What gRPC raises, with a status of our choice."""

    def __init__(self, status: grpc.StatusCode, message: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.message = message or f"injected {status.name}"

    def code(self) -> grpc.StatusCode:
        return self.status

    def details(self) -> str:
        return self.message


class CutOff(BaseException):
    """The process ends here: nothing but a finally sees it."""


class Faults:
    """A plan of what goes wrong, and a `dial` for `VideoStore` that carries it out."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self._planned: list[tuple[str, str, Fault, int]] = []

    def plan(self, method: str, fault: Fault, *, collection: str = "", times: int = 1) -> None:
        """Do `fault` before the next `times` calls of `method` on a collection that ends so."""
        self._planned.append((method, collection, fault, times))

    def dial(self, config: StoreConfig) -> Client:
        """Reach the real Milvus, through the faults."""
        return FaultyClient(dial(config), self)  # type: ignore[return-value]

    def before(self, method: str, collection: str, options: dict[str, Any]) -> None:
        self.calls.append((method, collection))
        for number, (name, ending, fault, times) in enumerate(self._planned):
            if name == method and collection.endswith(ending) and times > 0:
                self._planned[number] = (name, ending, fault, times - 1)
                fault(options)


class FaultyClient:
    """A real client whose calls go through a plan first."""

    def __init__(self, client: Client, faults: Faults) -> None:
        self._client = client
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*args: Any, **options: Any) -> Any:
            self._faults.before(name, str(args[0]) if args else "", options)
            return method(*args, **options)

        return call


def fails(status: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> Fault:
    """gRPC fails."""

    def fault(options: dict[str, Any]) -> None:
        raise RpcFailure(status)

    return fault


def refuses(message: str = "injected refusal", code: int = 65535) -> Fault:
    """Milvus answers, and says no."""

    def fault(options: dict[str, Any]) -> None:
        raise MilvusException(code=code, message=message)

    return fault


def holds(rows: int) -> Fault:
    """More rows than so many are refused, as gRPC refuses a message above its limit."""

    def fault(options: dict[str, Any]) -> None:
        if len(options["data"]) > rows:
            message = f"grpc: received message larger than max ({len(options['data'])} vs. {rows})"
            raise RpcFailure(grpc.StatusCode.RESOURCE_EXHAUSTED, message)

    return fault


def stalls(options: dict[str, Any]) -> None:
    """No answer comes; gRPC gives up when the deadline that it was given is over."""
    assert options["timeout"], "a call without a deadline can hang for ever"
    threading.Event().wait(options["timeout"])
    raise RpcFailure(grpc.StatusCode.DEADLINE_EXCEEDED)


def cuts_off(options: dict[str, Any]) -> None:
    """The process dies before the call is sent."""
    raise CutOff


class Wire:
    """A TCP line to a server.

    It can go dead: connections stay open, and nothing comes through. Or it is cut: connections end,
    and the next ones too.
    """

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        self._target = (parts.hostname, parts.port)
        self._dead = threading.Event()
        self.refusing = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def go_dead(self) -> None:
        self._dead.set()

    def cut(self, *, refusing: int) -> None:
        """End all connections, and so many that are made next."""
        self.refusing = refusing
        ended, self._open = self._open, []
        _end(ended)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        _end([self._listener, *self._open])

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self.refusing > 0:
                    self.refusing -= 1
                    near.close()
                    continue
                far = socket.create_connection(self._target)
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not self._dead.is_set():
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


def _end(sockets: list[socket.socket]) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()

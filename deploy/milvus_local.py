"""A Milvus server on this machine without Docker: version 2.3.5, from the PyPI package `milvus`.

    python deploy/milvus_local.py --data .milvus --port 19530

It prints `ready http://127.0.0.1:PORT` when it answers, and stops on Ctrl-C, on SIGTERM and, if
asked to, when its standard input closes, which happens whenever the program that started it ends,
however it ends. For trials and tests: it listens on every network interface, also with its
management port, and has no authentication unless `--auth` turns it on (user `root`, password
`Milvus`). In production use milvus-standalone.yml.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

START_TIMEOUT_S = 180
STOP_TIMEOUT_S = 5
"""What is acknowledged is in its log by then; releasing what is loaded would take minutes."""
POLL_S = 0.1
PORTS = range(20000, 32000, 16)
"""Where the ports of a server begin. Below 32768, where Linux takes those of outgoing connections:
a server binds its ports seconds after they were chosen.
"""


def main() -> int:
    """Run until told to stop; the exit status."""
    options = parse_arguments()
    try:
        package = import_package()
        with running(package, options.data, options.port, auth=options.auth) as uri:
            print(f"ready {uri}", flush=True)
            wait_for_the_end(until_stdin_closes=options.until_stdin_closes)
    except RuntimeError as error:
        print(f"milvus: {error}", file=sys.stderr)
        return 1
    return 0


def parse_arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder for data and logs")
    parser.add_argument("--port", type=int, default=19530, help="0 takes a free one")
    parser.add_argument("--auth", action="store_true", help="ask clients for a token")
    parser.add_argument("--until-stdin-closes", action="store_true")
    return parser.parse_args()


def import_package() -> Any:
    """The package `milvus`, which exists for Linux on x86-64 alone."""
    try:
        import milvus
    except ImportError:
        raise RuntimeError(
            "the package is not installed: pip install milvus==2.3.5 (Linux x86-64 only)"
        ) from None
    return milvus


@contextlib.contextmanager
def running(package: Any, data: Path, port: int, *, auth: bool) -> Iterator[str]:
    """A server that answers, as its address; it is stopped at the end of the block."""
    with own_ports(port) as ports:
        server = configure(package, data.resolve(), ports, port, auth=auth)
        server.start()
        process: subprocess.Popen[bytes] = server.server_proc
        try:
            wait_until_ready(process, server.webservice_port, server.listen_port, data)
            yield f"http://127.0.0.1:{server.listen_port}"
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def configure(package: Any, data: Path, ports: Sequence[int], port: int, *, auth: bool) -> Any:
    """A server that is not started yet, on its own ports but for one that was asked for."""
    config = package.MilvusServerConfig(data_dir=str(data))
    config.try_bind_port = bound
    names = [name for name in config.configurable_items if name.endswith("_port")]
    if len(names) + 2 > len(ports):
        raise RuntimeError(f"the server has {len(names)} ports, {len(ports) - 2} are kept for it")
    config.update(**dict(zip(names, ports, strict=False)))
    if port:
        config.update(proxy_port=port)
    config.set("authorization_enabled", auth)
    server = package.MilvusServer(config, wait_for_started=False)
    server.webservice_port = ports[-2]
    os.environ["ETCD_CONFIG_PATH"] = str(
        write_etcd_config(data, client=config.configs["etcd_port"], peer=ports[-1])
    )
    return server


def write_etcd_config(data: Path, *, client: int, peer: int) -> Path:
    """Etcd's port for its peers, of which there are none, cannot be set in any other way."""
    data.mkdir(parents=True, exist_ok=True)
    path = data / "etcd.yaml"
    path.write_text(
        f"listen-client-urls: http://127.0.0.1:{client}\n"
        f"advertise-client-urls: http://127.0.0.1:{client}\n"
        f"listen-peer-urls: http://127.0.0.1:{peer}\n"
        f"initial-advertise-peer-urls: http://127.0.0.1:{peer}\n"
        f"initial-cluster: default=http://127.0.0.1:{peer}\n"
    )
    return path


@contextlib.contextmanager
def own_ports(other: int) -> Iterator[Sequence[int]]:
    """Free ports, without that other one, which no server that is started so takes meanwhile."""
    begins = [begin for begin in PORTS if other not in range(begin, begin + PORTS.step)]
    random.shuffle(begins)
    for begin in begins:
        # Who holds the first one has the others.
        if (held := bound(begin)) is not None:
            with held:
                ports = range(begin + 1, begin + PORTS.step)
                if all(map(is_free, ports)):
                    yield ports
                    return
    raise RuntimeError(f"no {PORTS.step} free ports in a row from {PORTS.start} to {PORTS.stop}")


def is_free(port: int) -> bool:
    """Whether nothing listens on a port now."""
    if (held := bound(port)) is None:
        return False
    held.close()
    return True


def bound(port: int) -> socket.socket | None:
    """A socket that holds a port; None if something listens there.

    The package's own would not take the port of a server that was killed a moment ago.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind(("127.0.0.1", port))
        held.listen()
    except OSError:
        held.close()
        return None
    return held


def wait_until_ready(
    process: subprocess.Popen[bytes], health_port: int, port: int, data: Path
) -> None:
    """Poll; RuntimeError if it ends or is not ready in time."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not (is_healthy(health_port) and accepts(port)):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at once; see {data / 'logs'}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"not ready after {START_TIMEOUT_S} s; see {data / 'logs'}")
        time.sleep(POLL_S)


def is_healthy(port: int) -> bool:
    """Whether the management port says that all parts are up."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return b"OK" in answer.read()
    except (urllib.error.URLError, OSError):
        return False


def accepts(port: int) -> bool:
    """Whether something listens on a port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def wait_for_the_end(*, until_stdin_closes: bool) -> None:
    """Return on Ctrl-C, on SIGTERM, or when standard input closes."""
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    if until_stdin_closes:

        def watch() -> None:
            sys.stdin.read()
            end.set()

        threading.Thread(target=watch, daemon=True).start()
    end.wait()


if __name__ == "__main__":
    sys.exit(main())

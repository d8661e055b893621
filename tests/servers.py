"""Real servers for tests, each in a process of its own that cannot outlive the tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MILVUS_LOCAL = Path(__file__).parents[1] / "deploy" / "milvus_local.py"


@contextmanager
def milvus_local(data: Path, *, auth: bool = False, port: int = 0) -> Iterator[str]:
    """A Milvus server, as its address; it ends with the block or this process.

    Args:
        data: Its folder.
        auth: Whether it asks for a token.
        port: A free one if 0.
    """
    command = [sys.executable, str(MILVUS_LOCAL), "--data", str(data), "--port", str(port)]
    command += ["--until-stdin-closes", *(["--auth"] if auth else [])]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        ready = process.stdout.readline()
        if not ready.startswith("ready "):
            raise RuntimeError(f"no Milvus server: {MILVUS_LOCAL} ended with {process.wait()}")
        yield ready.split()[1]
        # Popen's own end closes the pipes, which stops the server, and waits.

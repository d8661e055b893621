"""One run at a time over several machines: on a real server, since a file has one user anyway."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.config import StoreConfig
from pipeline.errors import Code, LockedError
from pipeline.store.connection import dial, hang_up
from pipeline.store.lease import leased


def leftovers(config: StoreConfig) -> list[str]:
    client = dial(config)
    names = [
        name for name in client.list_collections() if name.startswith(f"{config.collection}__run")
    ]
    hang_up(client, config)
    return names


def test_a_second_run_is_refused_and_a_third_goes_on(server: StoreConfig) -> None:
    with leased(server, owner=uuid.uuid4().hex[:8]):
        with pytest.raises(LockedError) as caught, leased(server, owner=uuid.uuid4().hex[:8]):
            raise AssertionError("both hold it")
        assert caught.value.code == Code.LOCKED
        assert caught.value.exit_code == 4
    with leased(server, owner=uuid.uuid4().hex[:8]):
        assert len(leftovers(server)) == 1
    assert leftovers(server) == []


def test_other_archives_are_not_kept_waiting(server: StoreConfig) -> None:
    other = server.model_copy(update={"collection": f"{server.collection}_b"})
    with leased(server, owner=uuid.uuid4().hex[:8]), leased(other, owner=uuid.uuid4().hex[:8]):
        pass


def test_what_is_not_renewed_is_taken_over(
    server: StoreConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder's thread ends as that of a killed process does: nothing renews, nothing drops."""
    from pipeline.store import lease as room

    with monkeypatch.context() as dead:
        dead.setattr(room._Lease, "renew_until", lambda self, ended, lost: None)
        dead.setattr(room._Lease, "drop", lambda self, name: None)
        with leased(server, owner="first", holds_s=1.0):
            pass
    assert len(leftovers(server)) == 1
    held = True
    while held:  # it ends by the clock, a second after it was taken
        try:
            with leased(server, owner=uuid.uuid4().hex[:8]):
                held = False
        except LockedError:
            pass
    assert leftovers(server) == []


def test_it_outlives_its_term_while_it_is_renewed(server: StoreConfig) -> None:
    with leased(server, owner="first", holds_s=1.0):
        client = dial(server)
        (name,) = leftovers(server)
        first = set(client.list_aliases(name)["aliases"])
        while set(client.list_aliases(name)["aliases"]) == first:
            pass
        hang_up(client, server)
        with pytest.raises(LockedError), leased(server, owner=uuid.uuid4().hex[:8]):
            raise AssertionError("both hold it")


def test_of_many_at_once_one_has_it(server: StoreConfig) -> None:
    """Whoever has it keeps it until all the others were refused."""
    begin, refused = threading.Barrier(4), threading.Semaphore(0)

    def run(number: int) -> bool:
        begin.wait()
        try:
            with leased(server, owner=f"run{number}"):
                for _ in range(3):
                    assert refused.acquire(timeout=60)
                return True
        except LockedError:
            refused.release()
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(run, range(4))) == [False, False, False, True]
    assert leftovers(server) == []


def test_the_owner_of_a_dead_run_goes_on_at_once(
    server: StoreConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.store import lease as room

    with monkeypatch.context() as dead:
        dead.setattr(room._Lease, "drop", lambda self, name: None)
        with leased(server, owner="me"):
            pass
    with pytest.raises(LockedError), leased(server, owner="you"):
        raise AssertionError("both hold it")
    with leased(server, owner="me"):
        assert len(leftovers(server)) == 1


def test_whoever_loses_it_is_told(server: StoreConfig) -> None:
    told = threading.Event()
    with leased(server, owner="me", lost=told.set, holds_s=2.0), leased(server, owner="me"):
        assert told.wait(60)

"""One run at a time over several machines: on a real server, since a file has one user anyway."""

from __future__ import annotations

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
    with leased(server):
        with pytest.raises(LockedError) as caught, leased(server):
            raise AssertionError("both hold it")
        assert caught.value.code == Code.LOCKED
        assert caught.value.exit_code == 4
    with leased(server):
        assert len(leftovers(server)) == 1
    assert leftovers(server) == []


def test_other_archives_are_not_kept_waiting(server: StoreConfig) -> None:
    other = server.model_copy(update={"collection": f"{server.collection}_b"})
    with leased(server), leased(other):
        pass


def test_what_is_not_renewed_is_taken_over(
    server: StoreConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder's thread ends as that of a killed process does: nothing renews, nothing drops."""
    from pipeline.store import lease as room

    with monkeypatch.context() as dead:
        dead.setattr(room._Lease, "renew_until", lambda self, ended: None)
        dead.setattr(room._Lease, "drop", lambda self, name: None)
        with leased(server, holds_s=1.0):
            pass
    assert len(leftovers(server)) == 1
    held = True
    while held:  # it ends by the clock, a second after it was taken
        try:
            with leased(server):
                held = False
        except LockedError:
            pass
    assert leftovers(server) == []


def test_it_outlives_its_term_while_it_is_renewed(server: StoreConfig) -> None:
    with leased(server, holds_s=1.0):
        client = dial(server)
        (name,) = leftovers(server)
        first = set(client.list_aliases(name)["aliases"])
        while set(client.list_aliases(name)["aliases"]) == first:
            pass
        hang_up(client, server)
        with pytest.raises(LockedError), leased(server):
            raise AssertionError("both hold it")


def test_of_many_at_once_one_has_it(server: StoreConfig) -> None:
    inside: list[int] = []
    most: list[int] = []

    def run(number: int) -> bool:
        try:
            with leased(server):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)
                return True
        except LockedError:
            return False

    with ThreadPoolExecutor(4) as pool:
        taken = sum(pool.map(run, range(8)))
    assert taken >= 1
    assert max(most) == 1
    assert leftovers(server) == []

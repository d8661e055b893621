"""The generations of an archive: which there are, and which of them answers.

New settings build new collections beside those that answer; one change of an alias then makes all
readers follow. A second alias, `<archive>__previous`, names those that answered before, so that the
same change leads back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pipeline.closing import Closing
from pipeline.config import StoreConfig
from pipeline.errors import Code, StoreError
from pipeline.store import archive, connection
from pipeline.store.archive import Archive
from pipeline.store.client import Client
from pipeline.store.versions import SCHEMA_VERSION, Names, dim_of, form_of, parse_names
from pipeline.text import without_secret

T = TypeVar("T")
Role = Literal["current", "previous", "aside"]

_PREVIOUS = "__previous"
_BACK = "__back"
"""Where a rollback leads, until it is done."""
_BYTES = 4
"""Of one number of a vector."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One of the archives under a name.

    Args:
        names: Its collections.
        role: `current` answers, `previous` did before; what is `aside` was never asked, or long
            ago.
        form: The form in which its rows are stored; None if that cannot be read.
        dim: Of its vectors; None likewise.
        videos: About how many.
        rows: About how many, deleted ones perhaps among them.
    """

    names: Names
    role: Role
    form: int | None
    dim: int | None
    videos: int
    rows: int

    @property
    def is_later(self) -> bool:
        """Whether a later vsearch made it, whose rows have a form that is not known here."""
        return self.form is not None and self.form > SCHEMA_VERSION

    @property
    def vector_bytes(self) -> int:
        """What its vectors take, without the index over them."""
        return _BYTES * (self.dim or 0) * (self.rows + self.videos)


class Generations(Closing):
    """All generations of the archive that a config names.

    Every method raises StoreError when Milvus refuses or stays silent for `store.timeout_s`.

    Args:
        config: Which Milvus, which archive.
        dial: How to reach it; tests put faults between.

    Raises:
        StoreError: The file of Milvus Lite does not exist (`not_indexed`), or nothing answers.
    """

    def __init__(
        self, config: StoreConfig, *, dial: Callable[[StoreConfig], Client] = connection.dial
    ) -> None:
        if connection.is_lite(config.uri) and not Path(config.uri).exists():
            raise archive.not_indexed(config)
        self._config = config
        self._client = dial(config)

    def current(self) -> Names | None:
        """The generation that answers."""
        return self._behind(self._config.collection)

    def previous(self) -> Names | None:
        """The one that answered before."""
        return self._behind(self._config.collection + _PREVIOUS)

    def opened(self, names: Names) -> Archive:
        """One generation with what is recorded of it."""
        with connection.telling("read the settings", self._config):
            return archive.read(self._client, self._config, names)

    def all(self) -> list[Generation]:
        """Every generation, the current one first, then the previous one."""
        with connection.telling("list the collections", self._config):
            listed = self._client.list_collections(timeout=self._config.timeout_s)
        names = {known for each in listed if (known := parse_names(each)) is not None}
        current, previous = self.current(), self.previous()
        order: dict[Role, int] = {"current": 0, "previous": 1, "aside": 2}
        described = [
            self._described(each, current, previous)
            for each in names
            if each.collection == self._config.collection
        ]
        return sorted(described, key=lambda each: (order[each.role], each.names.segments))

    def switch(self, names: Names) -> None:
        """Make a generation answer; the current one becomes previous.

        Cut short in between, both aliases name the current one: nothing is lost, and the next call
        does all of it.
        """
        current = self.current()
        if names == current:
            return
        with connection.telling("switch the archive", self._config):
            # Readers should not wait for it.
            self._retrying(archive.load, self._client, self._config, names)
        if current is not None:
            self._point(self._config.collection + _PREVIOUS, current)
        self._point(self._config.collection, names)

    def rollback(self) -> Names:
        """Make the previous generation answer again, and the current one the previous.

        Raises:
            StoreError: There is none, or its rows are stored in another form.
        """
        previous = self.previous()
        if previous == self.current():  # perhaps of a rollback that was cut short
            previous = self._behind(self._config.collection + _BACK)
        if previous is None or previous == self.current():
            raise StoreError(
                f"no generation of {self._config.collection!r} answered before the current one:"
                " nothing to go back to",
                code=Code.NOT_FOUND,
                uri=without_secret(self._config.uri),
            )
        self.check_answers(previous)
        self._point(self._config.collection + _BACK, previous)
        self.switch(previous)
        self._forget(_BACK)
        return previous

    def check_answers(self, names: Names) -> None:
        """Refuse to let a generation answer that nobody could ask anything.

        Raises:
            StoreError: Its rows are stored in another form.
        """
        form = self.opened(names).settings.schema
        if form != SCHEMA_VERSION:
            raise StoreError(
                f"{names.segments} cannot answer any more: its rows are stored in form {form}, this"
                f" vsearch searches form {SCHEMA_VERSION}. vsearch prune drops it",
                code=Code.SETTINGS_MISMATCH,
                uri=without_secret(self._config.uri),
            )

    def drop(self, names: Names) -> None:
        """Remove a generation for good.

        Raises:
            StoreError: It is the one that answers.
        """
        if names == self.current():
            raise StoreError(
                f"{names.segments} is what answers: it is not dropped",
                code=Code.STORE_FAILED,
                uri=without_secret(self._config.uri),
            )
        timeout = self._config.timeout_s
        # Milvus drops no collection that an alias names.
        for alias in (_PREVIOUS, _BACK):
            if names == self._behind(self._config.collection + alias):
                self._forget(alias)
        with connection.telling("drop collections", self._config):
            # First what says that its rows count, for whoever takes up what is left of it.
            for name in (names.videos, names.segments):
                if self._client.has_collection(name, timeout=timeout):
                    self._client.drop_collection(name, timeout=timeout)

    def close(self) -> None:
        """Hang up."""
        connection.hang_up(self._client, self._config)

    def _behind(self, alias: str) -> Names | None:
        with connection.telling("follow the alias", self._config):
            return self._retrying(archive.behind, self._client, self._config, alias)

    def _point(self, alias: str, names: Names) -> None:
        known = self._behind(alias)
        change = self._client.create_alias if known is None else self._client.alter_alias
        with connection.telling("switch the archive", self._config):
            self._retrying(change, names.segments, alias, timeout=self._config.timeout_s)

    def _forget(self, ending: str) -> None:
        """Drop an alias of the archive, if it is there."""
        alias = self._config.collection + ending
        if self._behind(alias) is not None:
            with connection.telling("drop an alias", self._config):
                self._retrying(self._client.drop_alias, alias, timeout=self._config.timeout_s)

    def _retrying(self, call: Callable[..., T], *args: Any, **options: Any) -> T:
        return connection.retrying(self._config, patient=True)(call, *args, **options)

    def _described(self, names: Names, current: Names | None, previous: Names | None) -> Generation:
        role: Role = "aside"
        if names == current:
            role = "current"
        elif names == previous:
            role = "previous"
        # Begun and cut short it has one of them: listed all the same, so that it can be dropped.
        records = [self._record(name) for name in (names.segments, names.videos)]
        form, dim = (
            next((found for each in records if (found := read(each)) is not None), None)
            for read in (form_of, dim_of)
        )
        return Generation(
            names, role, form, dim, self._count(names.videos), self._count(names.segments)
        )

    def _record(self, name: str) -> str:
        with connection.telling("read the settings", self._config):
            if not self._client.has_collection(name, timeout=self._config.timeout_s):
                return ""
            return archive.record(self._client, self._config, name)

    def _count(self, name: str) -> int:
        timeout = self._config.timeout_s
        with connection.telling("count rows", self._config):
            if not self._client.has_collection(name, timeout=timeout):
                return 0
            return int(self._client.get_collection_stats(name, timeout=timeout)["row_count"])

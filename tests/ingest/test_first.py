"""A first look: a source of no videos ends there, any other goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.config import Config, StoreConfig
from pipeline.data import Failure, Plan
from pipeline.errors import Code, LockedError, ModelError
from pipeline.ingest.first import looked_at, refuse_encoder, refused
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.state import last_run, ledger_path, run_lock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    videos = tmp_path / "videos"
    videos.mkdir()
    os.mkfifo(videos / "a.mp4")
    (videos / "b.mp4").touch()
    (videos / "c.mp4").write_text("#EXTM3U\n")
    return videos


def settings(folder: Path, **encode: str) -> Config:
    return Config.model_validate(
        {
            "source": {"paths": [str(folder)]},
            "encode": encode,
            "store": {"uri": str(folder.parent / "none.db")},
            "run": {"state_dir": str(folder.parent / "state")},
        }
    )


def test_no_video_at_all(folder: Path) -> None:
    config = settings(folder)
    told: list[Plan | Failure] = []
    report = refused(config, told.append)
    assert report is not None
    codes = {Path(each.uri).name: each.code for each in report.failures}
    assert codes == {
        "a.mp4": Code.UNREADABLE, "b.mp4": Code.EMPTY_FILE, "c.mp4": Code.NOT_A_VIDEO,
    }  # fmt: skip
    assert (report.videos.found, report.videos.failed, report.rows_written) == (3, 3, 0)
    assert told == [Plan(3, 0), *report.failures]
    noted = last_run(config)
    assert noted is not None
    assert noted["report"]["videos"]["failed"] == 3
    assert not Path(config.store.uri).exists()


def test_where_there_is_an_archive_it_is_noted(folder: Path) -> None:
    config = settings(folder)
    other = config.model_copy(update={"store": StoreConfig(uri=config.store.uri, collection="o")})
    notes = ledger_path(other, "o_0123abcd_1")
    Ledger(notes).close()
    assert _failed(config) == ["a.mp4", "b.mp4", "c.mp4"]
    with Ledger(notes) as ledger:
        assert ledger.failures() == [], "of another collection"
    for generation in (1, 2):
        notes = ledger_path(config, f"{config.store.collection}_0123abcd_{generation}")
        Ledger(notes).close()
        assert _failed(config) == ["a.mp4", "b.mp4", "c.mp4"]
        told: list[Plan | Failure] = []
        report = refused(config, told.append)
        assert report is not None
        assert (report.videos.found, report.videos.failed_before) == (3, 2)
        assert [Path(each.uri).name for each in report.failures] == ["a.mp4"], "it may pass"
        assert told == [Plan(3, 0, 2), *report.failures]
        with Ledger(notes) as ledger:
            kept = {Path(each.failure.uri).name: each for each in ledger.failures()}
        assert [kept[name].attempts for name in sorted(kept)] == [2, 1, 1]
    os.utime(folder / "c.mp4", (1, 1))
    assert _failed(config) == ["a.mp4", "c.mp4"]


def _failed(config: Config) -> list[str]:
    report = refused(config, lambda event: None)
    assert report is not None
    return [Path(each.uri).name for each in report.failures]


def test_what_may_be_a_video_is_left_to_the_run(folder: Path) -> None:
    (folder / "b.mp4").write_bytes(bytes(100))
    config = settings(folder)
    told: list[Plan | Failure] = []
    assert refused(config, told.append) is None
    assert told == []
    assert last_run(config) is None


def test_no_further_than_to_what_may_be_a_video(folder: Path) -> None:
    (folder / "b.mp4").write_bytes(bytes(100))

    def found() -> object:
        yield folder / "a.mp4"
        yield folder / "b.mp4"
        raise AssertionError("nobody asked")

    looks = looked_at(found())  # type: ignore[arg-type]
    assert isinstance(next(looks), Failure)
    assert next(looks) == folder / "b.mp4"


def test_nothing_named_is_left_to_the_run(folder: Path) -> None:
    config = settings(folder).model_copy(update={"source": Config().source})
    assert refused(config, lambda event: None) is None


def test_while_another_run_is_at_it(folder: Path) -> None:
    config = settings(folder)
    with run_lock(config), pytest.raises(LockedError):
        refused(config, lambda event: None)


def test_an_encoder_that_cannot_be_is_noted(folder: Path) -> None:
    (folder / "model.pt").write_bytes(b"pickled")
    config = settings(folder, weights=str(folder / "model.pt"))
    with pytest.raises(ModelError, match="only safetensors"):
        refuse_encoder(config, "reindex")
    noted = last_run(config)
    assert noted is not None
    assert (noted["command"], noted["error"]["code"]) == ("reindex", Code.WEIGHTS_INVALID)
    refuse_encoder(settings(folder, backend="demo"), "reindex")

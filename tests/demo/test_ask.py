"""What `make demo` runs: it starts clean, asks, and holds the answers to the truth."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import typer
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from pipeline.demo import __main__ as preparing
from pipeline.demo import ask
from pipeline.ingest.run import ingest
from pipeline.settings import load_config


@pytest.fixture
def config(drawn: Path, tmp_path: Path) -> Path:
    """Settings like `configs/demo.yaml`, for the drawn videos, which are in."""
    path = tmp_path / "demo.yaml"
    path.write_text(
        f"source: {{paths: [{drawn}]}}\n"
        "encode: {backend: demo, device: cpu}\n"
        f"store: {{uri: {tmp_path}/vsearch.db, collection: demo}}\n"
        f"run: {{state_dir: {tmp_path}/state}}\n"
    )
    assert ingest(load_config(path).config).failures == ()
    return path


def invoke(main: object, *args: object) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(main)  # type: ignore[type-var]
    result = CliRunner(env={"COLUMNS": "400"}).invoke(app, [str(arg) for arg in args])
    return result.exit_code, result.output


def test_the_table_says_which_answers_are_right(config: Path) -> None:
    answers = ask.ask_all(config)
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(ask.table_of(answers))
    lines = console.export_text().splitlines()
    car = next(line for line in lines if "a red car" in line)
    assert "road_trip.mp4" in car
    assert "right" in car
    # Its other answers are no red cars.
    assert sum("right" in line for line in lines) < len(lines) // 2


def test_a_wrong_answer_fails_it(config: Path) -> None:
    answers = ask.ask_all(config)
    # The drawn folder has a boat at sunset and a red car, but no dog with a ball.
    assert ask.wrong(answers) == ["a dog and a ball on a meadow"]
    code, said = invoke(ask.main, config, config.with_name("answers.png"))
    assert code == 1
    assert "the first answer is wrong: a dog and a ball on a meadow" in said
    with Image.open(config.with_name("answers.png")) as page:
        assert page.width > 600


@pytest.mark.parametrize("sheet", ["answers.gifx", "nowhere/answers.png"])
def test_a_picture_that_cannot_be_written_is_refused(tmp_path: Path, sheet: str) -> None:
    code, said = invoke(ask.main, tmp_path / "no.yaml", tmp_path / sheet)
    assert code == 1
    assert "answers" in said
    assert "Traceback" not in said


def test_a_missing_config_is_one_line(tmp_path: Path) -> None:
    code, said = invoke(ask.main, tmp_path / "no.yaml", tmp_path / "answers.png")
    assert code == 1
    assert "no.yaml" in said
    assert "Traceback" not in said


def test_an_earlier_demo_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "render_archive", lambda folder, on_progress: folder.mkdir())
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "old.mp4").touch()
    (tmp_path / "vsearch.db").touch()
    (tmp_path / "mine.txt").touch()
    said = preparing.prepare(tmp_path, Console(quiet=True))
    assert "20 videos" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt", "videos"]
    assert not list((tmp_path / "videos").iterdir())


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, said = invoke(preparing.main, tmp_path / "file")
    assert code == 2
    assert "no folder" in said

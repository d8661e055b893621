"""What is secret stays where it was put: in no output, no error, no note and no file of ours."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

import pipeline
from pipeline.config import Config, StoreConfig
from pipeline.errors import Code, ConfigError
from pipeline.ingest.state import run_noted
from pipeline.settings import load_config
from pipeline.store import VideoStore
from pipeline.store.credentials import token_of

SECRET = "S3ntinel-of-a-secret"
AWAY = f"http://root:{SECRET}@127.0.0.1:9"

ASK = """
import json, sys
from pipeline.cli import main

for arguments in json.loads(sys.argv.pop()):
    sys.argv = ["vsearch", *arguments]
    print("##", arguments[0], flush=True)
    try:
        main()
    except SystemExit as end:
        print("exit code", end.code, flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v.mp4").write_bytes(bytes(100))
    return tmp_path


def _run(folder: Path, *commands: list[str], **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(commands)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(pipeline.__file__).parent.parent),
             "VSEARCH_STORE__TIMEOUT_S": "0.3", **environment},
    )  # fmt: skip
    assert done.stdout.count("##") == len(commands), done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


COMMANDS = (
    ["config", "show"], ["config", "show", "--json"], ["config", "check"], ["doctor"],
    ["status"], ["status", "--json"], ["query", "a car"], ["query", "a car", "--json"],
    ["similar", "v.mp4"], ["sequence", "a", "b"], ["plot", "v.mp4", "a car"],
    ["tag", "v.mp4", "--add", "x"], ["delete", "v.mp4", "--yes"], ["rollback"], ["prune", "--yes"],
    ["export", "backup"], ["ingest", "v.mp4", "--json"], ["reindex"],
)  # fmt: skip


def test_no_command_says_it(folder: Path) -> None:
    """A server that is away, with a secret in each place that takes one: all that can be said."""
    said = _run(
        folder, *COMMANDS, VSEARCH_STORE__URI=AWAY, VSEARCH_STORE__TOKEN=f"root:{SECRET}",
        VSEARCH_ENCODE__BACKEND="demo", VSEARCH_SOURCE__PATHS="v.mp4",
    )  # fmt: skip
    assert said.count("127.0.0.1:9") >= 10
    assert SECRET not in said
    _nowhere(folder)


def test_no_complaint_says_it(folder: Path) -> None:
    (folder / "wrong.yaml").write_text(f"store: {{token: [{SECRET}], uri: '{AWAY}', colection: x}}")
    check = ["config", "check"]
    said = _run(
        folder,
        [*check, "--config", "wrong.yaml"],
        [*check, "--set", f"store.token:{SECRET}"],
        [*check, "--set", f"store.token={SECRET}", "--set", "store.tokn=1"],
        [*check, "--set", f"store={{token: {SECRET}, uri: 3, timeout_s: x}}"],
    )
    assert "did you mean store.collection" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "text",
    [
        f"store:\n  token:{SECRET}\n",
        f"store: token={SECRET}\n",
        f"store:\n  - {{token: {SECRET}}}\n",
        f"store: {{token:{SECRET}}}\n",
        f"store:\n  uri: ['{AWAY}']\n",
        f"store:\n  search: token={SECRET}\n",
        f"store:\n  token: !pa'ss{SECRET}\n",
        f"store:\n  token: !!bool {SECRET}\n",
    ],
)
def test_no_complaint_of_what_is_in_the_wrong_place_says_it(folder: Path, text: str) -> None:
    (folder / "wrong.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config("wrong.yaml")
    assert SECRET.lower() not in str(caught.value).lower()


@pytest.mark.parametrize(
    "override",
    [
        f"store={SECRET}",
        f"store={{token:{SECRET}}}",
        f"store.token:{SECRET}==",
        f"store.token:{SECRET}=x",
        f"store.token:{SECRET}.x=y",
    ],
)
def test_no_complaint_of_an_override_says_it(folder: Path, override: str) -> None:
    with pytest.raises(ConfigError, match=r"store") as caught:
        load_config(overrides=[override, "search.tokn=1"])
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("sign", ["@", "%", "`", "!", "*", "&x ]", "'", '"', "|", "{", "- - ?"])
def test_no_complaint_of_yaml_says_it(folder: Path, sign: str) -> None:
    """A password without quotes may begin with what YAML reads otherwise."""
    (folder / "wrong.yaml").write_text(f"store:\n  token: {sign}{SECRET}\n  uri: x.db\n")
    for arguments in (
        {"path": "wrong.yaml"},
        {"overrides": [f"store={{token: {sign}{SECRET}, [}}"]},
    ):
        with pytest.raises(ConfigError) as caught:
            load_config(**arguments)
        assert SECRET not in str(caught.value)


def test_a_run_that_fails_notes_no_secret(folder: Path) -> None:
    (folder / ".vsearch").mkdir()
    token = SecretStr(SECRET)
    config = Config(store=StoreConfig(uri=AWAY, token=token, timeout_s=0.3, outage_s=0.3))
    with pytest.raises(Exception, match=r"127\.0\.0\.1") as caught:  # noqa: SIM117
        with run_noted(config, "ingest"):
            VideoStore.connect(config.store)
    assert SECRET not in str(caught.value) + repr(caught.value) + repr(config)
    assert len(list(folder.glob(".vsearch/last-run-*.json"))) == 1
    _nowhere(folder)


def _nowhere(folder: Path) -> None:
    for path in folder.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path


class TestTokenFile:
    def test_is_read_when_it_is_needed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        path = tmp_path / "token"
        monkeypatch.setenv("VSEARCH_STORE__TOKEN_FILE", str(path))
        config = load_config().config
        path.write_text(f"root:{SECRET}\n")
        assert token_of(config.store) == f"root:{SECRET}"
        path.write_text("root:other")
        assert token_of(config.store) == "root:other"
        assert SECRET not in config.model_dump_json() + repr(config) + caplog.text

    def test_a_token_goes_first(self, tmp_path: Path) -> None:
        config = StoreConfig(token=SecretStr("a"), token_file=str(tmp_path / "none"))
        assert token_of(config) == "a"
        assert token_of(StoreConfig()) == ""

    def test_one_that_cannot_be_read(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "empty").write_text("\n")
        (tmp_path / "binary").write_bytes(b"\xff")
        (tmp_path / "large").write_bytes(bytes(1 << 17))
        for name, says in (("none", "No such file"), ("pipe", "named pipe"), ("empty", "is empty"),
                           ("binary", "no text"), ("large", "more than")):  # fmt: skip
            with pytest.raises(ConfigError, match=says) as caught:
                token_of(StoreConfig(token_file=str(tmp_path / name)))
            assert caught.value.code == Code.CONFIG_INVALID
            assert caught.value.uri == f"store.token_file {tmp_path / name}"

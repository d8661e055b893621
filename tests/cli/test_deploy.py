"""What the files for cron and systemd promise; the wrapper is run as cron runs it."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from pipeline.cli import app
from pipeline.errors import Code

DEPLOY = Path(__file__).parents[2] / "deploy"
NIGHTLY = DEPLOY / "vsearch-nightly"
UNITS = ("vsearch.service", "vsearch.timer", "vsearch-alert@.service")


def unit(name: str) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str  # type: ignore[method-assign, assignment]
    parsed.read_string((DEPLOY / name).read_text())
    return parsed


def jobs() -> list[str]:
    """The lines of the crontab that start something, without their times."""
    lines = (DEPLOY / "vsearch.cron").read_text().splitlines()
    found = (re.fullmatch(r"\s*(?:[\d*/,-]+\s+){5}vsearch (.*)", line) for line in lines)
    return [match[1] for match in found if match]


def options_of(command: str) -> set[str]:
    known = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    return {option for parameter in known.params for option in parameter.opts}


def test_only_the_main_process_is_told_to_end_and_has_time() -> None:
    service = unit("vsearch.service")["Service"]
    assert service["KillMode"] == "mixed"
    assert service["TimeoutStopSec"] == "5min"
    assert service["TimeoutStartSec"] == "infinity"
    assert service["SuccessExitStatus"] == "4"
    assert "ExecStop" not in service
    assert service["OOMPolicy"] == "continue", "a decoder that the kernel ends is no end of the run"


def test_a_failure_starts_the_alert() -> None:
    assert unit("vsearch.service")["Unit"]["OnFailure"] == "vsearch-alert@%N.service"
    assert (DEPLOY / "vsearch-alert@.service").is_file()
    assert unit("vsearch.timer")["Install"]["WantedBy"] == "timers.target"


def test_a_run_has_no_more_rights_than_it_needs() -> None:
    """What docs/security.md says of the unit."""
    service = unit("vsearch.service")["Service"]
    assert service["User"] == "vsearch"
    assert service["NoNewPrivileges"] == service["RestrictNamespaces"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["ProtectProc"] == "invisible"
    assert service["CapabilityBoundingSet"] == ""
    text = (DEPLOY / "vsearch.service").read_text()
    for waiting in ("PrivateDevices=", "IPAddressDeny=", "SystemCallFilter=", "LoadCredential="):
        assert f"\n#{waiting}" in text


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for name in UNITS:
        text = (DEPLOY / name).read_text()
        here = Path(sys.executable).with_name("vsearch")
        (tmp_path / name).write_text(text.replace("/opt/vsearch/.venv/bin/vsearch", str(here)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / name for name in UNITS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_the_crontab_calls_commands_that_are_there() -> None:
    reindex, export = jobs()
    for job in (reindex, export):
        assert job.startswith("cd /var/lib/vsearch && vsearch-nightly ")
        assert job.endswith(" >>/var/log/vsearch/nightly.log 2>&1")
        assert "%" not in job, "cron makes lines of it"
    assert "--max-minutes" in reindex
    assert set(re.findall(r"--[a-z-]+", reindex)) <= options_of("reindex")
    assert set(re.findall(r"--[a-z-]+", export)) <= options_of("export")
    (service,) = [unit("vsearch.service")["Service"]["ExecStart"]]
    assert set(re.findall(r"--[a-z-]+", service)) <= options_of("reindex")


def test_the_log_that_is_rotated_is_the_one_that_is_written() -> None:
    assert "/var/log/vsearch/*.log {" in (DEPLOY / "vsearch.logrotate").read_text()


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shellcheck_is_content() -> None:
    done = subprocess.run(["shellcheck", NIGHTLY], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def nightly(folder: Path, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    alert = folder / "alert"
    alert.write_text('#!/bin/sh\n{ echo "$VSEARCH_EXIT_CODE"; cat; } >"$1"\n')
    alert.chmod(0o755)
    return subprocess.run(
        [NIGHTLY, *args],
        env={**os.environ, "VSEARCH_ALERT": f"{alert} '{folder / 'told'}'", **environment},
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def stub(folder: Path, code: int) -> str:
    """A command that says what it was given, and ends with an exit code."""
    file = folder / "stub"
    file.write_text(
        f'#!/bin/sh\necho "{{\n  \\"args\\": \\"$*\\"\n}}"\necho noted >&2\nexit {code}\n'
    )
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 137])
def test_the_alert_has_the_report_and_the_exit_code(tmp_path: Path, code: int) -> None:
    done = nightly(tmp_path, "reindex", "--max-minutes", "5", VSEARCH=stub(tmp_path, code))
    assert done.returncode == code
    begun, report, ended = done.stdout.splitlines()
    assert re.fullmatch(r"20..-..-..T..:..:..Z vsearch-nightly: reindex .* begins", begun)
    assert json.loads(report) == {"args": "reindex --max-minutes 5 --json"}
    assert ended.endswith(f"vsearch-nightly: reindex ended with exit code {code}")
    assert done.stderr == "noted\n"
    told = tmp_path / "told"
    if code in (0, 4):
        assert not told.exists()
        return
    first, _, document = told.read_text().partition("\n")
    assert (first, json.loads(document)) == (str(code), json.loads(report))


def test_an_alert_that_fails_changes_nothing(tmp_path: Path) -> None:
    done = nightly(tmp_path, "reindex", VSEARCH=stub(tmp_path, 3), VSEARCH_ALERT="exit 7")
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1].endswith("the alert failed with exit code 7")
    assert nightly(tmp_path, "x", VSEARCH=stub(tmp_path, 1), VSEARCH_ALERT="").returncode == 1


def test_the_real_command_and_its_failure(tmp_path: Path) -> None:
    real = str(Path(sys.executable).with_name("vsearch"))
    settings = ("--set", "encode.backend=demo", "--set", f"source.paths={tmp_path / 'gone'}")
    done = nightly(tmp_path, "ingest", *settings, VSEARCH=real)
    assert done.returncode == 3, done.stderr
    code, _, report = (tmp_path / "told").read_text().partition("\n")
    assert code == "3"
    (failure,) = json.loads(report)["failures"]
    assert failure["code"] == "not_found"


def test_told_to_end_it_waits_for_the_report(tmp_path: Path) -> None:
    file = tmp_path / "slow"
    file.write_text(
        "#!/bin/sh\ntrap 'sleep 1; echo \"{}\"; exit 0' TERM\necho up >&2\n"
        "while :; do sleep 0.1; done\n"
    )
    file.chmod(0o755)
    with subprocess.Popen(
        [NIGHTLY, "reindex"], env={**os.environ, "VSEARCH": str(file)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as wrapper:  # fmt: skip
        assert wrapper.stderr is not None
        assert wrapper.stderr.readline() == "up\n"
        wrapper.send_signal(signal.SIGTERM)
        out, _ = wrapper.communicate(timeout=30)
    assert wrapper.returncode == 0
    assert out.splitlines()[1].strip() == "{}"


def test_the_manual_knows_every_code_and_every_option() -> None:
    manual = (DEPLOY.parent / "docs" / "operations.md").read_text("utf-8")
    codes = re.findall(r"^\| `(\w+)` \|", manual.split("## Failure codes")[1], re.MULTILINE)
    assert set(codes) == set(Code)
    assert codes == sorted(codes)
    commands = re.findall(r"^vsearch (\w+)([^#\n|]*)", manual, re.MULTILINE)
    assert {"ingest", "reindex", "status", "rollback", "prune"} <= {name for name, _ in commands}
    for name, rest in commands:
        if name != "config":
            assert set(re.findall(r"--[a-z-]+", rest)) <= options_of(name), (name, rest)

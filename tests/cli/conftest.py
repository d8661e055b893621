"""An archive that several commands are asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.ingest.run import ingest
from pipeline.settings import load_config


@pytest.fixture(scope="session")
def asked_archive(tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Path:
    """A folder with the settings of an archive of drawn videos; no test changes it."""
    place = tmp_path_factory.mktemp("asking")
    settings = {
        "source": {"paths": [str(drawn)]},
        "encode": {"backend": "demo", "device": "cpu", "cache_dir": str(place / "cache")},
        "store": {"uri": str(place / "archive.db")},
        "run": {"state_dir": str(place / "state")},
        "scenes": {"max_length_s": 15.0},
        "sample": {"fps": 4.0},
    }
    (place / "vsearch.yaml").write_text(yaml.safe_dump(settings))
    assert ingest(load_config(place / "vsearch.yaml").config).failures == ()
    return place

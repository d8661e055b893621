"""Settings: precedence, errors that name the right key, and a default.yaml that tells the truth."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.config import Config
from pipeline.errors import Code, ConfigError
from pipeline.settings import load_config, remember

CONFIGS = Path(__file__).parent.parent / "configs"


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VSEARCH_CONFIG", raising=False)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def complaint(*overrides: str, path: Path | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_default_yaml_holds_every_key_with_the_codes_default() -> None:
    assert yaml.safe_load((CONFIGS / "default.yaml").read_text()) == Config().model_dump(
        mode="json"
    )


@pytest.mark.parametrize("name", ["default", "demo", "prod", "gpu"])
def test_every_shipped_config_is_valid(name: str) -> None:
    load_config(CONFIGS / f"{name}.yaml")


def test_precedence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(
        tmp_path / "a.yaml", "search: {top_k: 2, moment_gap_s: 3}\nencode: {batch_size: 8}"
    )
    assert load_config(file).config.search.top_k == 2
    monkeypatch.setenv("VSEARCH_SEARCH__TOP_K", "3")
    monkeypatch.setenv("VSEARCH_ENCODE__BATCH_SIZE", "16")
    loaded = load_config(file, ["search.top_k=4"])
    assert loaded.config.search.top_k == 4
    assert loaded.config.encode.batch_size == 16
    assert loaded.config.search.moment_gap_s == 3
    assert loaded.config.sample.per_scene == 3
    assert loaded.origin == str(file)


def test_where_the_file_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_config().origin == "built-in defaults"
    remember(load_config(overrides=["search.top_k=11"]).config, "a test")
    assert load_config().config.search.top_k == 11
    write(tmp_path / "vsearch.yaml", "search: {top_k: 12}")
    assert load_config().config.search.top_k == 12
    monkeypatch.setenv("VSEARCH_CONFIG", str(write(tmp_path / "e.yaml", "search: {top_k: 13}")))
    assert load_config().config.search.top_k == 13
    assert load_config(write(tmp_path / "f.yaml", "search: {top_k: 14}")).config.search.top_k == 14


def test_the_demo_is_remembered_in_its_own_folder_only(tmp_path: Path) -> None:
    demo = ["encode.backend=demo", f"run.state_dir={tmp_path}/demo"]
    remember(load_config(overrides=demo).config, "a test")
    assert (tmp_path / "demo" / "last-ingest.yaml").exists()
    assert load_config().origin == "built-in defaults"


def test_another_state_dir_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSEARCH_RUN__STATE_DIR", str(tmp_path / "notes"))
    remember(load_config(overrides=["search.top_k=11"]).config, "a test")
    assert load_config().config.search.top_k == 11


def test_the_token_is_never_remembered_nor_shown(tmp_path: Path) -> None:
    config = load_config(overrides=["store.token=root:Secret-1"]).config
    remember(config, "a test")
    assert config.store.token is not None
    assert config.store.token.get_secret_value() == "root:Secret-1"
    assert "Secret-1" not in repr(config)
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or b"Secret-1" not in file.read_bytes()
    assert load_config().config.store.token is None


def test_values_are_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSEARCH_SOURCE__PATHS", "videos")
    monkeypatch.setenv("VSEARCH_STORE__INDEX__M", "24")
    config = load_config(
        overrides=["source.extensions=[.mp4, .mov]", "scenes.max_length_s=null", "sample.tiles={}"]
    ).config
    assert config.source.paths == ("videos",)
    assert config.source.extensions == (".mp4", ".mov")
    assert config.scenes.max_length_s is None
    assert config.sample.tiles is not None
    assert config.sample.tiles.size == 0.5
    assert config.store.index.M == 24


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ("encode.modle=x", "did you mean encode.model?"),
        ("encod.model=x", "did you mean encode?"),
        ("top_k=3", "did you mean search.top_k?"),
        ("sample.tiles.sise=0.5", "did you mean sample.tiles.size?"),
        ("zzz=1", "vsearch config show"),
    ],
)
def test_an_unknown_key_names_the_nearest(override: str, hint: str) -> None:
    assert hint in complaint(override)


def test_an_unknown_variable_of_ours_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSEARCH_ENCODE__MODLE", "x")
    message = complaint()
    assert "$VSEARCH_ENCODE__MODLE" in message
    assert "encode.model" in message


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("encode.batch_size=many", "--set encode.batch_size"),
        ("decode.workers=none", "--set decode.workers"),
        ("store.index.type=HSNW", "'HNSW', 'IVF_FLAT', 'IVF_SQ8' or 'FLAT'"),
        ("scenes.min_length_s=.nan", "finite"),
        ("scenes.min_length_s=-1", "greater than or equal to 0"),
        ("search.top_k=0", "greater than or equal to 1"),
        ("store.collection=no spaces", "pattern"),
        ("encode.sha256=abc", "pattern"),
        ("sample.fps=5", "scenes.max_length_s to 12"),
        ("scenes={detector: fixed, max_length_s: null}", "max_length_s"),
        ("scenes.max_length_s=0.5", "must exceed min_length_s"),
        ("search", "section.key=value"),
        ("search.top_k.x=1", "top_k"),
        ("search=[", "YAML"),
    ],
)
def test_a_wrong_value_says_where_and_what_is_allowed(override: str, said: str) -> None:
    assert said in complaint(override)


def test_rules_for_tags() -> None:
    rules = '[{path: "lectures/**", tags: [lecture, 2024]}, {path: /cam1, tags: "im Freien"}]'
    first, second = load_config(overrides=[f"source.tags={rules}"]).config.source.tags
    assert (first.path, first.tags) == ("lectures/**", ("lecture", "2024"))
    assert (second.path, second.tags) == ("/cam1", ("im Freien",))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{path: '', tags: a}", "source.tags.0.path: a pattern such as"),
        ("{path: ../a, tags: a}", "source.tags.0.path: a path begins at the root"),
        ("{path: a}", "source.tags.0.tags: Field required"),
        ("{path: a, tags: []}", "source.tags.0.tags: Tuple should have at least 1 item"),
        (
            "{path: a, tags: [a, ' ']}",
            "source.tags.0.tags: a tag needs at least one character, not ' '",
        ),
        ("{path: a, tags: [' a']}", "without blanks"),
        ("{path: a, tags: 'a,b'}", "a tag has no comma"),
        (r'{path: a, tags: "a\tb"}', "no control characters"),
        (r'{path: a, tags: "a\u2028b"}', "no line breaks"),
        (f"{{path: a, tags: {'a' * 201}}}", "at most 200 characters"),
        ("{pth: a, tags: a}", "did you mean source.tags.path?"),
        ("a", "source.tags.0"),
    ],
)
def test_a_wrong_rule_says_which_and_what_is_allowed(rule: str, said: str) -> None:
    assert said in complaint(f"source.tags=[{rule}]")


def test_all_complaints_come_at_once() -> None:
    message = complaint("encode.modle=x", "search.top_k=0")
    assert "encode.model" in message
    assert "search.top_k" in message
    assert "\n" not in message


@pytest.mark.parametrize("token", ["0123", "root:pa #ss", "@secret123", "1e3", "[a"])
def test_text_is_taken_as_it_stands(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSEARCH_STORE__TOKEN", token)
    found = load_config(overrides=["source.paths=2024"]).config
    assert found.store.token is not None
    assert found.store.token.get_secret_value() == token
    assert found.source.paths == ("2024",)
    assert load_config(overrides=["store.token=null"]).config.store.token is None


def test_a_wrong_token_is_not_printed(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", "store: {token: 123456}")
    assert load_config(file).config.store.token is not None
    file.write_text("store: {token: [123456]}")
    assert "123456" not in complaint(path=file)


def test_a_password_in_the_uri_is_not_remembered(tmp_path: Path) -> None:
    remember(load_config(overrides=["store.uri=http://me:Secret-1@host:19530"]).config, "a test")
    assert load_config().config.store.uri == "http://host:19530"


def test_too_many_tiles() -> None:
    assert "raise size or lower overlap" in complaint("sample.tiles={size: 0.1, overlap: 0.9}")


def test_files_that_are_no_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "none.yaml")
    assert caught.value.code == Code.CONFIG_NOT_FOUND
    assert "no valid YAML" in complaint(path=write(tmp_path / "a.yaml", "a: [1"))
    assert "sections" in complaint(path=write(tmp_path / "b.yaml", "- 1"))
    assert "is a folder" in complaint(path=tmp_path)
    binary = tmp_path / "c.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "text" in complaint(path=binary)
    unsafe = write(tmp_path / "d.yaml", "search: !!python/object/apply:os.system ['true']")
    assert "no valid YAML" in complaint(path=unsafe)


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert load_config(write(tmp_path / "a.yaml", "")).config == Config()


def test_a_section_that_is_null_is_its_defaults(tmp_path: Path) -> None:
    assert load_config(write(tmp_path / "a.yaml", "search:\n")).config == Config()

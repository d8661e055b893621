"""Where settings come from: files, the environment, the command line, the last ingest."""

from __future__ import annotations

import difflib
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from pipeline.config import Config, EncodeConfig, RunConfig
from pipeline.errors import Code, ConfigError
from pipeline.files import read_regular, told
from pipeline.plain_yaml import complaint, load_yaml
from pipeline.text import without_secret

ENV_PREFIX = "VSEARCH_"
CONFIG_VARIABLE = "VSEARCH_CONFIG"
STATE_DIR_VARIABLE = "VSEARCH_RUN__STATE_DIR"
LOCAL_CONFIG = Path("vsearch.yaml")
REMEMBERED = "last-ingest.yaml"
_KEY = re.compile(r"[\w.-]*")
_MOST_BYTES = 1 << 20
_ENCODER = "encoder-{}.yaml"

_log = logging.getLogger(__name__)


class Loaded(NamedTuple):
    """Settings and where they came from, in words for one line on stderr."""

    config: Config
    origin: str


def load_config(path: Path | str | None = None, overrides: Iterable[str] = ()) -> Loaded:
    """Put the settings together.

    Precedence: `overrides`, then `VSEARCH_SECTION__KEY` in the environment, then the file, then
        defaults.
    The file is `path`, else `$VSEARCH_CONFIG`, else `./vsearch.yaml`, else what the last ingest in
    this folder remembered. Values of overrides and of the environment are read as YAML, so that
    `null`, numbers and lists can be written; pydantic-settings reads only JSON there, and passes
    over unknown sections.

    Args:
        path: A YAML file.
        overrides: `section.key=value` each.

    Raises:
        ConfigError: A file that is missing or no YAML, an unknown key, a value of the wrong type.
    """
    file = _choose_file(path)
    values: dict[str, Any] = _read_yaml(file) if file else {}
    places = dict.fromkeys(_leaves(values), str(file))
    for place, dotted, text in [*_from_environment(), *_from_overrides(overrides)]:
        verbatim = _is_text(dotted) and text != "null"
        _put(values, dotted, text if verbatim else _parse(text, place), place)
        places[dotted] = place
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise _explain(error, places, file) from None
    return Loaded(config, str(file) if file else "built-in defaults")


def remember(config: Config, origin: str) -> None:
    """Write down the settings of an ingest for bare commands in this folder; never a secret.

    They go into the state directory, and into the one that a bare command in this folder looks at.
    The demo's go into its own only: nobody's videos should go into the demo's archive.
    """
    values = config.model_dump(mode="json", exclude={"store": {"token"}})
    values["store"]["uri"] = without_secret(config.store.uri)
    text = f"# Settings of the last ingest, from {origin}; secrets are not kept.\n"
    text += yaml.safe_dump(values, sort_keys=False)
    states = {Path(config.run.state_dir)}
    if config.encode.backend != "demo":
        states.add(Path(RunConfig().state_dir))
    for state in states:
        try:
            state.mkdir(parents=True, exist_ok=True)
            _replace(state / REMEMBERED, text)
        except OSError as error:
            _log.warning("the settings are not remembered in %s: %s", state, error)


def remember_encoder(config: Config, fingerprint: str) -> None:
    """Write down which encoder made an archive, for readers whose settings are for another.

    An archive may be switched, or rolled back, under settings that stay.
    """
    state = Path(config.run.state_dir)
    text = yaml.safe_dump(config.encode.model_dump(mode="json"), sort_keys=False)
    try:
        state.mkdir(parents=True, exist_ok=True)
        _replace(state / _ENCODER.format(fingerprint), text)
    except OSError as error:
        _log.warning("the encoder is not remembered in %s: %s", state, error)


def remembered_encoder(config: Config, fingerprint: str) -> EncodeConfig | None:
    """The settings of the encoder that made an archive, on this machine's devices."""
    file = Path(config.run.state_dir) / _ENCODER.format(fingerprint)
    try:
        values = _read_yaml(file)
        found = EncodeConfig.model_validate(values)
    except (ConfigError, ValidationError):
        return None
    here = config.encode
    return found.model_copy(
        update={
            "device": here.device,
            "precision": here.precision,
            "batch_size": here.batch_size,
            "cache_dir": here.cache_dir,
        }
    )


def _replace(file: Path, text: str) -> None:
    partial = file.with_name(f"{file.name}.partial")
    partial.write_text(text)
    partial.replace(file)


def _choose_file(path: Path | str | None) -> Path | None:
    if path is not None:
        return Path(path)
    if named := os.environ.get(CONFIG_VARIABLE):
        return Path(named)
    state_dir = os.environ.get(STATE_DIR_VARIABLE, RunConfig().state_dir)
    candidates = (LOCAL_CONFIG, Path(state_dir) / REMEMBERED)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        values = load_yaml(read_regular(file, most_bytes=_MOST_BYTES).decode())
    except FileNotFoundError:
        raise ConfigError(
            "no such config file", code=Code.CONFIG_NOT_FOUND, uri=str(file)
        ) from None
    except OSError as error:
        raise ConfigError(told(error), code=Code.CONFIG_INVALID, uri=str(file)) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"cannot be read as text: {error}", code=Code.CONFIG_INVALID, uri=str(file)
        ) from None
    except yaml.YAMLError as error:
        raise ConfigError(
            f"is no valid YAML: {complaint(error)}", code=Code.CONFIG_INVALID, uri=str(file)
        ) from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(
            f"must hold sections such as `store:`, not a {type(values).__name__}",
            code=Code.CONFIG_INVALID,
            uri=str(file),
        )
    # `search:` with nothing under it says nothing.
    return {section: keys for section, keys in values.items() if keys is not None}


def _from_environment() -> Iterator[tuple[str, str, str]]:
    for name, text in sorted(os.environ.items()):
        if name.startswith(ENV_PREFIX) and "__" in name:
            yield f"${name}", name.removeprefix(ENV_PREFIX).lower().replace("__", "."), text


def _from_overrides(overrides: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for override in overrides:
        dotted, equals, text = override.partition("=")
        if not equals or not dotted.strip():
            message = "write it as section.key=value"
            place = f"--set {_shown(override)}"
            raise ConfigError(message, code=Code.CONFIG_INVALID, uri=place)
        yield f"--set {_shown(dotted.strip())}", dotted.strip(), text


def _shown(dotted: str) -> str:
    """A key as far as it can be one: what follows may be a secret, as in `store.token:SECRET`."""
    key = _KEY.match(dotted)[0]  # type: ignore[index]
    return key if key == dotted else f"{key}..."


def _parse(text: str, place: str) -> Any:
    try:
        return load_yaml(text)
    except yaml.YAMLError as error:
        raise ConfigError(
            f"is no valid YAML value; quote it ({complaint(error)})",
            code=Code.CONFIG_INVALID,
            uri=place,
        ) from None


def _put(values: dict[str, Any], dotted: str, value: Any, place: str) -> None:
    *sections, key = dotted.split(".")
    for section in sections:
        if values.get(section) is None:
            values[section] = {}
        values = values[section]
        if not isinstance(values, dict):
            message = f"{_shown(section)} is no section"
            raise ConfigError(message, code=Code.CONFIG_INVALID, uri=place)
    # Names of environment variables have lost their case; `M` is the one key that has any.
    values[next((known for known in ("M",) if known.lower() == key), key)] = value


def _is_text(dotted: str) -> bool:
    """Whether a key holds text and nothing else: such values are taken as they stand."""
    model: Any = Config
    for key in dotted.split("."):
        info = getattr(model, "model_fields", {}).get(key)
        if info is None:
            return False
        model = info.annotation
    kinds = get_args(model) or (model,)
    plain = {get_args(kind)[0] if get_origin(kind) is Annotated else kind for kind in kinds}
    return plain <= {str, SecretStr, type(None)}


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        yield f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")


def _explain(error: ValidationError, places: Mapping[str, str], file: Path | None) -> ConfigError:
    complaints = []
    for detail in error.errors(include_url=False, include_context=False):
        location = [str(part) for part in detail["loc"]]
        # Unions add the tried type's name behind the key; a user knows the key alone.
        dotted = ".".join(location[: _known_depth(location)])
        place = places.get(dotted)
        key = _shown(dotted) if place in (None, str(file)) else place
        if detail["type"] == "extra_forbidden":
            complaint = _unknown_key(location)
        else:
            complaint = detail["msg"].removeprefix("Value error, ")
            # A value of `store` in the wrong place may be its secret.
            if location[:1] != ["store"] and not isinstance(detail["input"], dict | BaseModel):
                complaint += f", not {detail['input']!r}"
        complaints.append(f"{key}: {complaint}" if key else complaint)
    return ConfigError(
        "; ".join(dict.fromkeys(complaints)),
        code=Code.CONFIG_INVALID,
        uri=str(file) if file else None,
    )


def _known_depth(location: list[str]) -> int:
    model: Any = Config
    for depth, key in enumerate(location):
        fields = getattr(model, "model_fields", {})
        if fields and key.isdigit():
            # A place in a list of sections.
            continue
        if key not in fields:
            return depth + 1 if fields else depth
        annotation = fields[key].annotation
        model = next(
            (
                t
                for t in (annotation, *getattr(annotation, "__args__", ()))
                if hasattr(t, "model_fields")
            ),
            None,
        )
    return len(location)


def _unknown_key(location: list[str]) -> str:
    known = list(_all_keys(Config))
    dotted = ".".join(location)
    # The same section first: `encode.modle` means `encode.model`, not a like name elsewhere.
    siblings = [k for k in known if k.split(".")[:-1] == location[:-1]]
    near = difflib.get_close_matches(dotted, siblings, n=1, cutoff=0.6) or [
        *(k for k in known if k.split(".")[-1] == location[-1]),
        *difflib.get_close_matches(dotted, known, n=1, cutoff=0.5),
    ]
    hint = f"did you mean {near[0]}?" if near else "see `vsearch config show` for all keys"
    return f"unknown key; {hint}"


def _all_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield f"{prefix}{name}"
        types = (info.annotation, *getattr(info.annotation, "__args__", ()))
        for kind in types:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _all_keys(kind, f"{prefix}{name}.")

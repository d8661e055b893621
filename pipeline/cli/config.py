"""`vsearch config`: the settings that a command would use."""

from __future__ import annotations

import typer

from pipeline.cli.options import AsJson, ConfigFile, Overrides, json_errors, load, print_json
from pipeline.text import without_secret

config_app = typer.Typer(help="Show or check the settings.", no_args_is_help=True)


@config_app.command("show")
def show_cli(
    config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Print all settings, with their values, as YAML that can be used as a config file."""
    with json_errors(as_json):
        loaded = load(config, overrides)
    # The token is a secret: shown as asterisks, and as such no token; nor is one in the address.
    values = loaded.config.model_dump(mode="json")
    values["store"]["uri"] = without_secret(loaded.config.store.uri)
    if as_json:
        print_json(values)
        return
    import yaml

    typer.echo(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), nl=False)


@config_app.command("check")
def check_cli(
    config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Say whether the settings are valid, and what is wrong."""
    with json_errors(as_json):
        loaded = load(config, overrides)
    if as_json:
        print_json({"valid": True, "origin": loaded.origin})
    else:
        typer.echo("valid")

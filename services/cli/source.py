"""`milepost source add|list|rotate|revoke`: who may send events, and with which key."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec
import typer

from services.cli.endpoints import default_data_dir
from services.cli.looks import Listing, print_listing
from services.cli.webhook import (
    Given,
    hook_of,
    lacks_secret,
    needs_no_key,
    print_steps,
    provider_of,
    secret_of,
    url_of,
)
from services.contracts.touchpoint import CHANNELS, Channel
from services.ingest.sources_file import (
    Policy,
    Source,
    SourcesFileError,
    add_source,
    list_sources,
    revoke_source,
    rotate_secret,
    rotate_source,
)
from services.settings import Settings

EXIT_REFUSED = 1
FILE_NAME = "sources.json"  # in the data folder, where `milepost up` keeps its sources
KEY_NOTE = "shown only now: keep it; `milepost source rotate` makes another"

app = typer.Typer(help="Sources of events and their write keys.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The source's name.")]
ChannelName = Annotated[str, typer.Option(help=f"One of {', '.join(CHANNELS)}.")]
Provider = Annotated[str | None, typer.Option(help="Whose webhooks it takes, if any.")]
AskSecret = Annotated[
    bool, typer.Option("--secret", help="Ask for the secret that the provider signs with.")
]
SecretFile = Annotated[
    Path | None, typer.Option(help="File of that secret, read again when it changes.")
]
SecretEnv = Annotated[
    str | None, typer.Option(help="Environment variable of ingest that holds that secret.")
]
TopicArns = Annotated[
    list[str] | None, typer.Option("--topic-arn", help="Amazon SNS topic that may send (ses).")
]
MappingFile = Annotated[
    Path | None,
    typer.Option("--mapping", help="File: what stands where in other senders' bodies (generic)."),
]
KeepOld = Annotated[
    bool, typer.Option("--keep-old", help="The old one is taken too, until the next rotation.")
]
Origins = Annotated[
    list[str] | None, typer.Option("--origin", help="Website that may send from a browser; or *.")
]
ConsentRequired = Annotated[
    bool,
    typer.Option("--consent-required", help="Take only events that state consent."),
]
HonorGpc = Annotated[
    bool,
    typer.Option("--honor-gpc", help="Sec-GPC: 1 of a browser withdraws marketing."),
]
HonorDnt = Annotated[
    bool,
    typer.Option("--honor-dnt", help="DNT: 1 of a browser withdraws analytics and marketing."),
]
ServerOnly = Annotated[bool, typer.Option("--server-only", help="Refuse the key to every browser.")]
EventsPerSecond = Annotated[
    int, typer.Option(help="Events a second it may send; 0: what the settings say.", min=0)
]
KeepFullIp = Annotated[
    bool,
    typer.Option("--keep-full-ip", help="Do not cut client addresses to their network."),
]
KeepProperties = Annotated[
    list[str] | None,
    typer.Option(help="Property that is kept, and no other that is not named; all unless given."),
]
KeepTraits = Annotated[
    list[str] | None,
    typer.Option(help="Trait that is kept, and no other that is not named; all unless given."),
]
Data = Annotated[
    Path | None, typer.Option(help="Data folder of `milepost up`; else MILEPOST_SOURCES_FILE.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def add(  # noqa: PLR0913, PLR0917 - each is an option of the command
    name: Name,
    channel: ChannelName,
    provider: Provider = None,
    secret: AskSecret = False,
    secret_file: SecretFile = None,
    secret_env: SecretEnv = None,
    topic_arn: TopicArns = None,
    mapping: MappingFile = None,
    origin: Origins = None,
    server_only: ServerOnly = False,
    events_per_second: EventsPerSecond = 0,
    consent_required: ConsentRequired = False,
    honor_gpc: HonorGpc = False,
    honor_dnt: HonorDnt = False,
    keep_full_ip: KeepFullIp = False,
    keep_property: KeepProperties = None,
    keep_trait: KeepTraits = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Add a source; its write key is printed once. A provider that signs is asked its secret."""
    policy = Policy(
        server_only=server_only,
        events_per_second_max=events_per_second,
        consent_required=consent_required,
        honor_gpc=honor_gpc,
        honor_dnt=honor_dnt,
        keep_full_ip=keep_full_ip,
        keep_properties=_listed(keep_property),
        keep_traits=_listed(keep_trait),
    )
    given = Given(secret, secret_file, secret_env, tuple(topic_arn or ()), mapping)
    with _refusals():
        path = sources_path(data)
        hook = hook_of(provider, given)
        source, key = add_source(path, name, cast("Channel", channel), hook, origin or (), policy)
    _print_key(source, key, data, as_json=as_json)


@app.command("list")
def list_all(data: Data = None, as_json: Json = False) -> None:
    """List the sources; their keys are not kept."""
    with _refusals():
        found = list_sources(sources_path(data))
    if as_json:
        print(json.dumps([_as_object(source) for source in found], indent=2))
        return
    if not found:
        print("no sources yet; add one: milepost source add NAME --channel CHANNEL")
        return
    columns = ("name", "channel", "provider", "origins", "state")
    rows = [
        (one.name, one.channel, one.provider or "-", ", ".join(one.origins) or "-", _state(one))
        for one in found
    ]
    print_listing(Listing("", columns, rows))


@app.command()
def rotate(  # noqa: PLR0913, PLR0917 - each is an option of the command
    name: Name,
    secret: AskSecret = False,
    secret_file: SecretFile = None,
    secret_env: SecretEnv = None,
    keep_old: KeepOld = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Give a source a new write key, or a provider's new secret; the old one is refused."""
    given = Given(secret, secret_file, secret_env)
    with _refusals():
        path = sources_path(data)
        if given.is_there:
            provider = provider_of(_source(path, name).provider or "")
            rotate_secret(path, name, secret_of(provider, given), keep_old=keep_old)
            print(json.dumps({"name": name}) if as_json else f"{name} has a new secret")
            return
        key = rotate_source(path, name, keep_old=keep_old)
        source = _source(path, name)
    _print_key(source, key, data, as_json=as_json)


@app.command()
def revoke(name: Name, data: Data = None, as_json: Json = False) -> None:
    """Refuse a source's events from now on; what it has sent stays."""
    with _refusals():
        revoke_source(sources_path(data), name)
    print(json.dumps({"name": name, "revoked": True}) if as_json else f"{name} is revoked")


def sources_path(data: Path | None) -> Path:
    """The sources file: of the named folder, else of the settings, else of the default folder."""
    if data is None and (configured := Settings().sources_file) is not None:
        return configured
    return (data or default_data_dir()) / FILE_NAME


def _state(source: Source) -> str:
    if source.revoked:
        return "revoked"
    return "no secret" if lacks_secret(source) else "active"


def _as_object(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "channel": source.channel,
        "provider": source.provider,
        "origins": list(source.origins),
        "revoked": source.revoked,
        **msgspec.to_builtins({n: getattr(source, n) for n in Policy.__struct_fields__}),
    }


def _listed(names: list[str] | None) -> tuple[str, ...] | None:
    return tuple(names) if names else None


def _source(path: Path, name: str) -> Source:
    for source in list_sources(path):
        if source.name == name:
            return source
    raise SourcesFileError(f"{path} has no source {name!r}; `milepost source list` shows all")


def _print_key(source: Source, key: str, data: Path | None, *, as_json: bool) -> None:
    name, channel = source.name, source.channel
    url = url_of(name, data) if source.provider else None
    if as_json:
        made = {"name": name, "channel": channel, "write_key": key}
        print(json.dumps(made if url is None else made | {"url": url}))
        return
    print(key)
    aside = " (its provider does not need it)" if needs_no_key(source) else ""
    print(f"write key of {name} ({channel}){aside}, {KEY_NOTE}", file=sys.stderr)
    if url is not None:
        print_steps(source, url, key)


@contextmanager
def _refusals() -> Iterator[None]:
    """Says in one line why the sources file did not do as asked."""
    try:
        yield
    except (SourcesFileError, OSError) as error:
        print(f"milepost source: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_REFUSED) from None

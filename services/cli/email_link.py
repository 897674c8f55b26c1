"""`milepost email-link`: signed open and click links to put into mails."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer

from services.cli.asking import EXIT_USAGE, DataOption, JsonOption, QueryApi
from services.cli.endpoints import EndpointsError, read_endpoints
from services.cli.source import sources_path
from services.contracts.touchpoint import primary_identifier
from services.ingest.errors import EventError
from services.ingest.identifiers import add_stated
from services.ingest.link_token import Link, LinkError, signed
from services.ingest.sources_file import SourcesFileError, link_secret_of
from services.journey_state.definition.durations import HINT, duration_us

_CUSTOMER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def email_link(  # noqa: PLR0913 - each is an option of the command
    *,
    source: Annotated[str, typer.Option(help="The source that opens and clicks come from.")],
    url: Annotated[str, typer.Option(help="Where the click leads.")],
    customer: Annotated[
        str, typer.Option(help="Who gets it: kind:value, an address, a user id, a customer id.")
    ] = "",
    email_id: Annotated[str | None, typer.Option(help="The mail, as your reports name it.")] = None,
    campaign_id: Annotated[str | None, typer.Option(help="Its campaign.")] = None,
    link_id: Annotated[str | None, typer.Option(help="This link among those of the mail.")] = None,
    expires: Annotated[
        str | None, typer.Option(help="Not found after this time, such as 30d or 12h.")
    ] = None,
    ingest: Annotated[
        str | None, typer.Option("--ingest", help="Public URL of ingest, instead of --data.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the picture that tells of an open and the link that tells of a click.

    Without --customer the link leads on and nothing is recorded. Exit code 2: asked wrongly.
    """
    address = (ingest or _ingest_of(data)).rstrip("/")
    opening = Link(
        source=source,
        identifiers=_identifiers(customer, data),
        email_id=email_id,
        campaign_id=campaign_id,
        expires_at_seconds=_expiry(expires),
    )
    try:
        secret = link_secret_of(sources_path(data), source)
        click = signed(msgspec.structs.replace(opening, url=url, link_id=link_id), secret)
        links = {
            "open": f"{address}/v1/open/{signed(opening, secret)}.gif",
            "click": f"{address}/v1/click/{click}",
        }
    except (SourcesFileError, LinkError, OSError) as error:
        _fail(str(error))
    if as_json:
        typer.echo(json.dumps(links))
        return
    for name, link in links.items():
        typer.echo(f"{name}\t{link}")


def _identifiers(customer: str, data: Path | None) -> dict[str, str]:
    """What ingest will know the recipient by."""
    if not customer:
        return {}
    if _CUSTOMER_ID.fullmatch(customer):
        asked = QueryApi("email-link", data=data, api=None, token_file=None)
        found = asked.get(f"/v1/customers/{customer}")["identifiers"]
        return dict([primary_identifier({one["kind"]: one["value"] for one in found})])
    kind, separator, value = customer.partition(":")
    if not separator:
        kind, value = ("email" if "@" in customer else "user_id"), customer
    named: dict[str, str] = {}
    try:
        add_stated(named, {kind: value})
    except EventError as error:
        _fail(f"--customer {customer!r}: {error.fault.message}")
    return named or _fail(f"--customer {customer!r} names nobody")


def _expiry(expires: str | None) -> int | None:
    if expires is None:
        return None
    try:
        return int(time.time()) + duration_us(expires) // 1_000_000
    except ValueError as error:
        _fail(f"--expires {expires} {error}: {HINT}")


def _ingest_of(data: Path | None) -> str:
    try:
        return read_endpoints(data).ingest
    except EndpointsError as error:
        _fail(f"{error}; or give ingest's public URL by --ingest")


def _fail(message: str) -> NoReturn:
    typer.echo(f"milepost email-link: {message}", err=True)
    raise typer.Exit(EXIT_USAGE)

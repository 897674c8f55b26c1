"""What `milepost up` says once everything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from services.cli.endpoints import Endpoints
    from services.cli.simulate.pain_option import Demo

EVENT = (
    '{"type": "track", "event": "Product Viewed", "userId": "you",'
    ' "properties": {"product_id": "p1"}}'
)
DEMO = """\
  Demo: customers are made up and play through the public endpoints; the last 75 days first. Does
  the shop lose people of late, where and why? The map tells. A cart counts as abandoned after
  60 s here, and a signal goes out 5 s later.
"""


def welcome(endpoints: Endpoints, data_dir: Path, *, seconds: float, demo: Demo | None) -> str:
    """Addresses, keys, and a command that works when pasted."""
    addresses = (
        ("map", f"{endpoints.api}/"),
        ("ingest", f"{endpoints.ingest}  ({endpoints.ingest}/docs)"),
        ("query API", f"{endpoints.api}  ({endpoints.api}/docs)"),
        ("Kafka", endpoints.kafka),
        ("database", endpoints.database),
        ("data, logs", f"{data_dir}, {data_dir / 'log'}"),
    )
    lines = [f"Milepost runs (ready in {seconds:.1f} s). Ctrl-C stops it."]
    lines += [f"  {name:<11} {address}" for name, address in addresses]
    if endpoints.sources:
        lines += ["", "  Write keys"]
        lines += [f"  {source.channel:<11} {source.write_key}" for source in endpoints.sources]
        lines += ["", "  Send an event, then look:", *_commands(endpoints)]
        lines += _website(endpoints)
    if demo is not None:
        lines += ["", DEMO.rstrip("\n"), *(f"  {line}" for line in demo.lines)]
    return "\n".join([*lines, ""])


def _website(endpoints: Endpoints) -> list[str]:
    keys = [source.write_key for source in endpoints.sources if source.channel == "website"]
    if not keys:
        return []
    tag = f'<script async src="{endpoints.ingest}/milepost.js" data-key="{keys[0]}"></script>'
    return ["", "  Or connect a website, by one line in its pages:", f"  {tag}"]


def _commands(endpoints: Endpoints) -> tuple[str, str]:
    key = endpoints.sources[0].write_key
    return (
        f"  curl {endpoints.ingest}/v1/events -H 'X-Write-Key: {key}' -d '{EVENT}'",
        f"  curl {endpoints.api}/v1/customers/user_id:you",
    )

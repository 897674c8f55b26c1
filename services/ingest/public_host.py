"""Where a client reached us: what a proxy in front says of it, else the request itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_SCHEMES = ("http", "https")


class PublicHost(NamedTuple):
    """Scheme, and host with its port where it is not the scheme's own."""

    scheme: str
    host: str


def public_host(headers: Mapping[str, str], scheme: str) -> PublicHost:
    """The host that this client uses; `headers` have names in lower case.

    It is told back to the sender of these headers alone, so nobody else has to trust them.
    """
    said = first_said(headers.get("x-forwarded-proto", "")).lower()
    host = first_said(headers.get("x-forwarded-host", ""))
    if not _HOST.fullmatch(host):
        host = headers.get("host", "")
    if not _HOST.fullmatch(host):
        host = "localhost"
    return PublicHost(said if said in _SCHEMES else scheme, host)


def first_said(value: str) -> str:
    """Of a header that a chain of proxies appends to: the first of them spoke to the client."""
    return value.partition(",")[0].strip()

"""JSON objects as bytes, merged and trimmed only where they must be, else passed on as is."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

import msgspec

Members = dict[str, msgspec.Raw]

_members = msgspec.json.Decoder(Members).decode
_text = msgspec.json.Decoder(str).decode
_encode = msgspec.json.encode
_EMPTY = b"{}"
_IPV4_KEPT, _IPV6_KEPT = 24, 48


def merged(under: bytes, over: bytes) -> bytes:
    """The members of both objects; `over` wins where both have one."""
    if over == _EMPTY:
        return under
    if under == _EMPTY:
        return over
    return _encode(_members(under) | _members(over))


def with_missing(properties: bytes, values: dict[str, str]) -> bytes:
    """The object with those of `values` that it does not have yet."""
    return merged(_encode(values), properties)


def only(members: bytes, names: Collection[str]) -> bytes:
    """The object with none but these of its members."""
    return members if members == _EMPTY else _encode(_kept(_members(members), names))


def with_only_traits(context: bytes, names: Collection[str]) -> bytes:
    """The context with none but these of its `traits`."""
    if b"traits" not in context:
        return context
    members = _members(context)
    traits = bytes(members.get("traits", b""))
    if traits[:1] != b"{":
        return context
    return _encode(members | {"traits": msgspec.Raw(only(traits, names))})


def _kept(members: Members, names: Collection[str]) -> Members:
    return {name: value for name, value in members.items() if name in names}


def traits_in(context: bytes) -> bytes:
    """`context.traits`, or an empty object."""
    if b"traits" not in context:
        return _EMPTY
    traits = bytes(_members(context).get("traits", b""))
    return traits if traits[:1] == b"{" else _EMPTY


def with_short_ip(context: bytes) -> bytes:
    """The context with its client address cut to the network, which still tells the region."""
    if b'"ip"' not in context:
        return context
    members = _members(context)
    try:
        address = ipaddress.ip_address(_text(members["ip"]))
    except (KeyError, msgspec.DecodeError):
        return context
    except ValueError:
        members.pop("ip")
        return _encode(members)
    kept = _IPV4_KEPT if address.version == 4 else _IPV6_KEPT
    network = ipaddress.ip_network((address, kept), strict=False).network_address
    return _encode(members | {"ip": msgspec.Raw(_encode(str(network)))})

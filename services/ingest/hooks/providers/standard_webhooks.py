"""Any sender that follows Standard Webhooks: `{type, timestamp, data}`, read by its usual names."""

from __future__ import annotations

from collections.abc import Iterator

from services.ingest.hooks.call import Call
from services.ingest.hooks.mapping import mapped
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import member, readable, text
from services.ingest.hooks.standard import said, secret_fault, verify_standard

_USERS = ("user_id", "userId", "customer_id", "customerId")
_ANONYMOUS = ("anonymous_id", "anonymousId")
_CONTACTS = ("email", "phone")


def translate(item: Members, call: Call) -> Iterator[Occurrence]:
    """By the source's mapping, where it has one."""
    if call.source.webhook.mapping is not None:
        yield mapped(item, call.source.webhook.mapping, said(call, "id"))
        return
    data = member(item, "data")
    members: Members = data if isinstance(data, dict) else {}
    who = {*_USERS, *_ANONYMOUS, *_CONTACTS}
    yield Occurrence(
        name=readable("", text(item, "type")),
        id=said(call, "id"),
        at=text(item, "timestamp"),
        identifiers={kind: text(members, kind) for kind in _CONTACTS},
        properties={name: value for name, value in members.items() if name not in who},
        user_id=next((found for name in _USERS if (found := text(members, name))), None),
        anonymous_id=next((found for name in _ANONYMOUS if (found := text(members, name))), None),
    )


PROVIDER = Provider(
    name="standard-webhooks",
    proof="secret",
    setup=Setup(
        "signing secret (whsec_...)",
        (
            "give the sender the URL {url}",
            "its signing secret is the secret that is asked for here",
        ),
    ),
    verify=verify_standard,
    translate=translate,
    secret_fault=secret_fault,
)

"""Twilio Voice: how calls with customers go, by its status callbacks."""

from __future__ import annotations

from collections.abc import Iterator

from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup, form_items
from services.ingest.hooks.reading import number, readable, rfc2822, text
from services.ingest.hooks.twilio import EMPTY_RESPONSE, identifiers_of, verify_twilio

NAMES = {
    "queued": "Call Queued",
    "initiated": "Call Started",
    "ringing": "Call Ringing",
    "in-progress": "Call Answered",
    "completed": "Call Ended",
    "busy": "Call Missed",
    "no-answer": "Call Missed",
    "canceled": "Call Missed",
    "failed": "Call Failed",
}
_TO_CUSTOMER = ("outbound", "trunking-originating")
# The other end of these is an agent's softphone or desk.
_OF_AGENTS = ("client:", "sip:")


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    """Nothing of the leg to an agent (`outbound-dial`): the customer's own leg tells the same."""
    status, direction = text(item, "CallStatus"), text(item, "Direction") or "inbound"
    customer = text(item, "To" if direction.startswith(_TO_CUSTOMER) else "From") or ""
    if status is None or direction == "outbound-dial" or customer.startswith(_OF_AGENTS):
        return
    call = text(item, "CallSid")
    yield Occurrence(
        name=NAMES.get(status) or readable("Call", status),
        id=f"{call}:{text(item, 'SequenceNumber') or status}" if call else None,
        at=rfc2822(item, "Timestamp"),
        identifiers=identifiers_of(customer),
        properties={
            "call_id": call,
            "call_status": status,
            "direction": direction.partition("-")[0],
            "call_duration": number(item, "CallDuration"),
            "recording_id": text(item, "RecordingSid"),
            "sip_code": text(item, "SipResponseCode"),
        },
    )


PROVIDER = Provider(
    name="twilio-voice",
    proof="secret",
    setup=Setup(
        "auth token of the account",
        (
            "Twilio, the phone number > Voice: as call status changes paste {url}",
            "for calls made by API: StatusCallback={url} and StatusCallbackEvent"
            " initiated, answered, completed",
        ),
    ),
    verify=verify_twilio,
    translate=translate,
    items=form_items,
    answer=EMPTY_RESPONSE,
)

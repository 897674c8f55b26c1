"""Dialogflow ES and CX: each turn of a talk that a fulfilment webhook is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from services.ingest.hooks import chat, mail
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import member, number, text
from services.ingest.hooks.signatures import verify_key

_STEP = "Live Chat Step Reached"  # a turn without words of the customer


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    is_cx = "fulfillmentInfo" in item or "sessionInfo" in item
    session = text(item, "sessionInfo", "session") if is_cx else text(item, "session")
    payload = member(item, "payload") or member(item, "originalDetectIntentRequest", "payload")
    parameters = member(item, "sessionInfo", "parameters") if is_cx else None
    told, also = mail.told(payload), mail.told(parameters)
    talk = (session or "").rpartition("/")[2]
    yield Occurrence(
        name=chat.SENT if _has_words(item) else _STEP,
        id=_id(item),
        at=None,
        identifiers={
            "dialogflow": talk,
            "telegram": text(payload, "data", "from", "id"),
            "phone": text(payload, "telephony", "caller_id"),
            "email": text(payload, "email") or text(parameters, "email"),
        },
        properties={"conversation_id": talk} | _details(item),
        user_id=told.user_id or also.user_id,
        anonymous_id=told.anonymous_id or also.anonymous_id,
    )


def _id(item: Members) -> str | None:
    """A response may ask for several webhooks of a flow, which their tags tell apart."""
    answered = text(item, "detectIntentResponseId")
    if answered:
        return f"{answered}:{text(item, 'fulfillmentInfo', 'tag') or ''}"
    return text(item, "responseId")


def _has_words(item: Members) -> bool:
    said = ("text", "transcript", "triggerIntent")
    return text(item, "queryResult", "queryText") is not None or any(
        text(item, one) for one in said
    )


def _details(item: Members) -> Members:
    result = member(item, "queryResult")
    return {
        "intent": text(result, "intent", "displayName") or text(item, "intentInfo", "displayName"),
        "intent_confidence": number(result, "intentDetectionConfidence")
        or number(item, "intentInfo", "confidence"),
        "action": text(result, "action") or text(item, "fulfillmentInfo", "tag"),
        "page": text(item, "pageInfo", "displayName"),
        "locale": text(result, "languageCode") or text(item, "languageCode"),
    }


PROVIDER = Provider(
    name="dialogflow",
    proof="key",
    setup=Setup(
        "",
        (
            "Dialogflow ES, Fulfillment > Webhook: URL {url}, basic auth with any user name and the"
            " key as password; CX: Manage > Webhooks > Create, the same",
            "enable the webhook for the intents (ES), or name it in the routes (CX)",
        ),
    ),
    verify=verify_key,
    translate=translate,
)

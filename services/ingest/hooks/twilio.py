"""What Twilio's webhooks have in common: their signature, numbers that are nobody's, TwiML."""

from __future__ import annotations

import base64
from hashlib import sha256

from services.ingest.answers import Answer
from services.ingest.hooks.call import Call
from services.ingest.hooks.chat import whatsapp
from services.ingest.hooks.provider import Members
from services.ingest.hooks.reading import form_pairs
from services.ingest.hooks.refusal import wrong
from services.ingest.hooks.signatures import digest, require_one

_WHAT = "X-Twilio-Signature"
_TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
EMPTY_RESPONSE = Answer(
    200,
    [(b"content-type", b"text/xml"), (b"content-length", str(len(_TWIML)).encode())],
    _TWIML,
)
# What stands for callers who hide their number: ANONYMOUS and so on, as keys of a phone.
_HIDDEN = frozenset(["+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"])
_HIDDEN_WORDS = ("anonymous", "restricted", "blocked", "unknown", "unavailable")


def verify_twilio(call: Call) -> None:
    """HMAC over the URL and the sorted fields of the form; of JSON over the URL with its hash."""
    algorithm = "sha256" if "HMAC_SHA256" in _settings(call) else "sha1"
    expected = [
        base64.b64encode(digest(secret, (url + _fields(call)).encode(), algorithm)).decode()
        for secret in call.secrets
        for url in call.urls
    ]
    require_one(call.header("x-twilio-signature"), expected, _WHAT)


def is_json(call: Call) -> bool:
    """Whether the body is not the usual form."""
    return call.header("content-type").lower().startswith("application/json")


def identifiers_of(address: str | None) -> Members:
    """Whom an address means: a phone, or a user of another messenger; nobody where it is hidden."""
    said = (address or "").strip()
    if said in _HIDDEN or said.lower() in _HIDDEN_WORDS:
        return {}
    kind, colon, value = said.partition(":")
    if not colon:
        return {"phone": said}
    if kind == "whatsapp":
        return whatsapp(value)
    return {kind: value} if kind in ("messenger", "rcs", "instagram") else {}


def _settings(call: Call) -> str:
    return call.header("x-twilio-webhooks-signature-settings").upper()


def _fields(call: Call) -> str:
    stated = call.asked("bodySHA256")
    if stated and is_json(call):
        if sha256(call.body).hexdigest() != stated.lower():
            raise wrong(_WHAT)
        return ""
    return "".join(name + value for name, value in sorted(set(form_pairs(call.body))))

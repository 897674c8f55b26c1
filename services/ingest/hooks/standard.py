"""Standard Webhooks: the scheme of Svix, Resend and whoever else follows the specification."""

from __future__ import annotations

import base64
import binascii

from services.ingest.hooks.call import Call
from services.ingest.hooks.refusal import missing
from services.ingest.hooks.signatures import digest, require_any, require_fresh

# Senders stamp each try anew, so the window of the specification is enough.
AGE_SECONDS_MAX = 5 * 60
SIGNATURES_MAX = 16
SECRET_PREFIX = b"whsec_"
_WHAT = "webhook-signature"
_VERSION = "v1,"


def verify_standard(call: Call) -> None:
    """HMAC over id, timestamp and raw body; one of several signatures is enough."""
    stated, signatures = said(call, "timestamp"), said(call, "signature").split(" ")
    given = [one[len(_VERSION) :] for one in signatures if one.startswith(_VERSION)]
    if not stated or not given or not said(call, "id"):
        raise missing(_WHAT)
    content = f"{said(call, 'id')}.{stated}.".encode() + call.body
    expected = [
        base64.b64encode(digest(key, content)).decode()
        for key in map(_key_of, call.secrets)
        if key is not None
    ]
    require_any(given[:SIGNATURES_MAX], expected, _WHAT)
    require_fresh(stated, call.now_us, AGE_SECONDS_MAX, _WHAT)


def said(call: Call, name: str) -> str:
    """A header of the scheme, by its name or by Svix' older one."""
    return call.header(f"webhook-{name}") or call.header(f"svix-{name}")


def secret_fault(secret: bytes) -> str | None:
    """Why this is no secret of the scheme."""
    return None if _key_of(secret) else "it is whsec_ and then base64"


def _key_of(secret: bytes) -> bytes | None:
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True) or None
    except binascii.Error:
        return None

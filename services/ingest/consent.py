"""What an event itself says of consent, in the shapes in use (semantics 8.1)."""

from __future__ import annotations

from typing import Any

import msgspec

_PURPOSES = {
    "analytics": "analytics",
    "marketing": "marketing",
    "advertising": "marketing",
    "ads": "marketing",
}


class _Statements(msgspec.Struct):
    """Where consent stands in a context: ours and Segment's, and RudderStack's."""

    consent: Any = None
    consent_management: Any = msgspec.field(name="consentManagement", default=None)


_decode = msgspec.json.Decoder(_Statements).decode


def stated_consent(context: bytes) -> dict[str, bool] | None:
    """Purpose to answer; None when the event says nothing. `context` is a valid JSON object."""
    if b"onsent" not in context:
        return None
    statements = _decode(context)
    said: dict[str, bool] = {}
    _read_management(said, statements.consent_management)
    if isinstance(statements.consent, dict):
        _read_answers(said, statements.consent.get("categoryPreferences"))
        _read_answers(said, statements.consent)
    return said or None


def _read_answers(said: dict[str, bool], answers: object) -> None:
    if not isinstance(answers, dict):
        return
    for name, answer in answers.items():
        purpose = _PURPOSES.get(name.strip().lower())
        if purpose and isinstance(answer, bool):
            said[purpose] = answer


def _read_management(said: dict[str, bool], management: object) -> None:
    if not isinstance(management, dict):
        return
    for field, answer in (("allowedConsentIds", True), ("deniedConsentIds", False)):
        names = management.get(field)
        if isinstance(names, list):
            _read_answers(said, {name: answer for name in names if isinstance(name, str)})

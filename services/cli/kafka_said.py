"""What stands in the way of Kafka, in words for the person at the keyboard."""

from __future__ import annotations

ADVICE = "check MILEPOST_KAFKA__BOOTSTRAP and the rights of its user"
_NOBODY_THERE = "KafkaConnectionError: Unable to bootstrap from"


def said(error: BaseException) -> str:
    """What a client of Kafka says went wrong, in a line without its own names for things."""
    text = str(error).partition("\n")[0]
    if text.startswith(_NOBODY_THERE):
        return "nothing answers there"
    return text or type(error).__name__

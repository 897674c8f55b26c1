"""Why a request is not taken for its provider's own."""

from __future__ import annotations

from services.ingest.errors import RequestError


class UnverifiedError(RequestError):
    """The request does not show that the provider made it."""


class StaleError(UnverifiedError):
    """It did once, too long ago: trying again will not help."""


def missing(what: str) -> UnverifiedError:
    return UnverifiedError("missing_signature", f"{what} is missing")


def wrong(what: str) -> UnverifiedError:
    return UnverifiedError(
        "invalid_signature", f"{what} does not fit; is the source's secret the provider's?"
    )


def stale(what: str, hours: float) -> StaleError:
    return StaleError("stale_signature", f"{what} is more than {hours:g} h from this clock")

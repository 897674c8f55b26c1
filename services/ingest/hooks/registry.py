"""Every provider whose webhooks are taken, by name."""

from __future__ import annotations

from services.ingest.hooks.provider import Provider
from services.ingest.hooks.providers import mailgun, postmark, sendgrid

PROVIDERS: dict[str, Provider] = {
    module.PROVIDER.name: module.PROVIDER for module in (mailgun, postmark, sendgrid)
}

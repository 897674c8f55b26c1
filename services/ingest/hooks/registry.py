"""Every provider whose webhooks are taken, by name."""

from __future__ import annotations

from services.ingest.hooks.provider import Provider
from services.ingest.hooks.providers import (
    brevo,
    mailgun,
    mandrill,
    postmark,
    resend,
    sendgrid,
    ses,
    sparkpost,
    standard_webhooks,
)

_MODULES = (
    *(brevo, mailgun, mandrill, postmark, resend, sendgrid, ses, sparkpost),
    *(standard_webhooks,),
)
PROVIDERS: dict[str, Provider] = {module.PROVIDER.name: module.PROVIDER for module in _MODULES}

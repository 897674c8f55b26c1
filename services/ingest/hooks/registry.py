"""Every provider whose webhooks are taken, by name."""

from __future__ import annotations

from services.ingest.hooks.provider import Provider
from services.ingest.hooks.providers import (
    botpress,
    brevo,
    chatwoot,
    crisp,
    dialogflow,
    generic,
    intercom,
    mailgun,
    mandrill,
    postmark,
    resend,
    sendgrid,
    ses,
    sparkpost,
    standard_webhooks,
    telegram,
    twilio_messaging,
    twilio_voice,
    whatsapp,
)

_MODULES = (
    *(brevo, mailgun, mandrill, postmark, resend, sendgrid, ses, sparkpost),
    *(botpress, chatwoot, crisp, dialogflow, intercom, telegram, twilio_messaging, whatsapp),
    twilio_voice,
    *(standard_webhooks, generic),
)
PROVIDERS: dict[str, Provider] = {module.PROVIDER.name: module.PROVIDER for module in _MODULES}

"""Telegram bots: updates, known by the secret token that setWebhook was given."""

from __future__ import annotations

from collections.abc import Iterator

from services.ingest.hooks import chat, mail
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import member, objects, readable, seconds, short, text
from services.ingest.hooks.signatures import require_own

_MEDIA = (
    *("text", "photo", "voice", "video", "video_note", "audio", "document", "sticker"),
    *("animation", "contact", "location", "venue", "poll", "dice", "successful_payment"),
)
_LEFT = ("kicked", "left")


def verify(call: Call) -> None:
    require_own(call, [call.header("x-telegram-bot-api-secret-token")])


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    """Nothing of what no person did: posts of channels, polls as a whole, messages of bots."""
    kind = next((name for name in item if name != "update_id"), None)
    update = member(item, kind) if kind else None
    person = member(update, "from") or member(update, "user")
    if kind is None or not isinstance(person, dict) or person.get("is_bot") is True:
        return
    message = member(update, "message") if kind == "callback_query" else update
    command, parameter = _command(message) if kind == "message" else (None, None)
    update_id = text(item, "update_id")
    yield Occurrence(
        name=_name(kind, update, command),
        id=f"telegram:{update_id}" if update_id else None,
        at=seconds(update, "edit_date") or seconds(update, "date"),
        identifiers={"telegram": text(person, "id")},
        properties={
            "message_id": text(message, "message_id"),
            "conversation_id": text(message, "chat", "id"),
            "message_type": _media(update) if "message" in kind else None,
            "command": command,
            "start_parameter": parameter,
            "button_id": short(update, "data") if kind == "callback_query" else None,
        },
    )


def _name(kind: str, update: object, command: str | None) -> str:
    if kind == "message":
        return chat.STARTED if command == "/start" else chat.SENT
    if kind == "callback_query":
        return chat.CLICKED
    if kind == "my_chat_member":
        left = text(update, "new_chat_member", "status") in _LEFT
        return mail.UNSUBSCRIBED if left else mail.SUBSCRIBED
    return readable(chat.PREFIX, kind)


def _command(message: object) -> tuple[str | None, str | None]:
    """A command of the bot's own and what `/start` was given by a link; no other text is read."""
    said = member(message, "text")
    first = next(objects(message, "entities"), {})
    if not isinstance(said, str) or first.get("type") != "bot_command" or first.get("offset") != 0:
        return None, None
    command, _, parameter = said.partition(" ")
    command = command.partition("@")[0][:64]
    return command, parameter.strip()[:64] if command == "/start" else None


def _media(update: object) -> str | None:
    return next((kind for kind in _MEDIA if member(update, kind) is not None), None)


PROVIDER = Provider(
    name="telegram",
    proof="key",
    setup=Setup(
        "",
        (
            'curl "https://api.telegram.org/bot$TOKEN/setWebhook" -d url={url}'
            " -d secret_token={key}",
            "write something to the bot",
        ),
    ),
    verify=verify,
    translate=translate,
)

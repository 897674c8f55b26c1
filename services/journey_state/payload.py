"""The part of a signal's record that the journey knows (contract 5, semantics 5.9)."""

from __future__ import annotations

from typing import Any

from services.journey_state.definition import AbandonmentRule
from services.journey_state.episodes import Episode, Item, LastTouchpoint, Snapshot
from services.journey_state.items import currency, total


def payload(snapshot: Snapshot, episode: Episode, rule: AbandonmentRule) -> dict[str, Any]:
    """What was left, and of whom, as of `due`.

    `snapshot` is the episode's `abandoned` or, while no later touchpoint has come, that of the
    journey at `due`. Times are microseconds; money and quantities are decimal strings.
    """
    return {
        "rule": episode.rule,
        "scope": episode.scope,
        "opened_at": episode.opened_at,
        "last_activity_at": episode.last_at,
        "due_at": episode.due,
        "recover_until": episode.due + rule.recover_within_us,
        "stage": snapshot.stage,
        "overlays": [
            {"name": name, "opened_at": opened_at, "expires_at": expires_at}
            for name, opened_at, expires_at in snapshot.opened
        ],
        "items": [_item(item) for item in episode.items],
        "items_complete": episode.items_complete,
        "value": total(episode),
        "currency": currency(episode),
        "last_touchpoint": _touchpoint(snapshot.last_touchpoint),
        "campaign": {"first": snapshot.campaign_first, "last": snapshot.campaign_last},
        "locale": snapshot.locale,
        "consent": snapshot.consent,
    }


def _item(item: Item) -> dict[str, Any]:
    return {**item.product, "quantity": item.quantity}


def _touchpoint(last: LastTouchpoint | None) -> dict[str, Any] | None:
    if last is None:
        return None
    return {
        "event": last.event,
        "channel": last.channel,
        "source": last.source,
        "at": last.at,
        "message_id": last.message_id,
    }

"""Overlays: flags beside the stage, opened, closed and expiring (semantics 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from services.journey_state.definition import Moment, OverlayRule


class OpenOverlay(msgspec.Struct, frozen=True, array_like=True):
    """An overlay opened and not yet closed; it is open at W iff W < expires_at."""

    opened_at: int
    expires_at: int | None

    def open_at(self, at: int) -> bool:
        """Whether it is open at this time, which is not before it was opened."""
        return self.expires_at is None or at < self.expires_at


def flagged(
    overlays: dict[str, OpenOverlay], rules: Iterable[OverlayRule], moment: Moment
) -> dict[str, OpenOverlay]:
    """The overlays after this touchpoint, closing before opening; the input stays as it is."""
    changed = overlays
    for rule in rules:
        closes = rule.closes is not None and rule.closes.holds(moment)
        opens = rule.opens.holds(moment)
        if closes and rule.name in changed:
            changed = {name: one for name, one in changed.items() if name != rule.name}
        if opens:
            opened = _opened(changed.get(rule.name), rule, moment.touchpoint.occurred_at)
            changed = {**changed, rule.name: opened}
    return changed


def open_at(overlays: Mapping[str, OpenOverlay], at: int) -> dict[str, OpenOverlay]:
    """Those open at this time, which is not before the newest touchpoint."""
    return {name: overlay for name, overlay in overlays.items() if overlay.open_at(at)}


def _opened(present: OpenOverlay | None, rule: OverlayRule, at: int) -> OpenOverlay:
    opened_at = present.opened_at if present is not None and present.open_at(at) else at
    return OpenOverlay(opened_at, None if rule.expires_us is None else at + rule.expires_us)

"""Episodes that no further touchpoint changes, kept apart while a long past is folded."""

from __future__ import annotations

from itertools import count
from operator import itemgetter

from services.journey_state.definition import AbandonmentRule, Definition
from services.journey_state.episodes import Episode

ASIDE_ROOM = 12  # episodes; with fewer it is no use to look for those that are final


class Aside:
    """Where `fold` keeps final episodes, so that a step meets only those that it may concern.

    Episodes are told apart by being the same object, so none may be replaced by another.
    """

    def __init__(self, definition: Definition) -> None:
        self.room = ASIDE_ROOM  # how many may stand beside it before it is worth while to look
        self._rules = {rule.name: rule for rule in definition.abandonment}
        self._taken: list[tuple[int, Episode]] = []
        self._left: list[tuple[int, Episode]] = []
        self._count = 0

    def take(self, episodes: list[Episode], at: int) -> None:
        """Move out of the list what nothing changes at `at` or later."""
        left: list[tuple[int, Episode]] = []
        for number, episode in self._numbered(episodes):
            rule = self._rules.get(episode.rule)
            final = rule is not None and _is_final(rule, episode, at)
            (self._taken if final else left).append((number, episode))
        self._left = left
        episodes[:] = [episode for _, episode in left]
        self.room = max(ASIDE_ROOM, 2 * len(left))

    def all(self, episodes: list[Episode]) -> list[Episode]:
        """These and those taken, in the order in which they were opened."""
        if not self._taken:
            return episodes
        numbered = sorted([*self._taken, *self._numbered(episodes)], key=itemgetter(0))
        return [episode for _, episode in numbered]

    def _numbered(self, episodes: list[Episode]) -> list[tuple[int, Episode]]:
        known = {id(episode): number for number, episode in self._left}
        new = count(self._count)
        numbered = [(known.get(id(one), -1), one) for one in episodes]
        numbered = [(next(new) if n < 0 else n, one) for n, one in numbered]
        self._count = next(new)
        return numbered


def _is_final(rule: AbandonmentRule, episode: Episode, at: int) -> bool:
    """Whether no touchpoint at `at` or later changes the episode."""
    if episode.abandoned is None:
        return False
    if at > episode.due + rule.recover_within_us:
        return True
    recovered = episode.recovered is not None or rule.stages is not None
    return episode.stopped_at is not None and recovered

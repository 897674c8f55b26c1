"""The customers of a batch, and what identity changed on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.journey_state.customer import Customer, OwnedIdentifier, Refold
from services.journey_state.identity import Move
from services.journey_state.rearrangement import Rearrangement
from services.journey_state.store import people
from services.journey_state.touchpoint import Identifier, Place


@dataclass(slots=True)
class Assignment:
    """The customers of a batch, and what identity changed on the way."""

    customers: dict[bytes, Customer] = field(default_factory=dict)
    created: list[people.NewIdentifier] = field(default_factory=list)
    claimed: list[people.NewIdentifier] = field(default_factory=list)  # named before, met now
    links: set[tuple[bytes, bytes]] = field(default_factory=set)
    moves: list[tuple[Place, Move[bytes], bool]] = field(default_factory=list)
    joins: list[tuple[bytes, bytes]] = field(default_factory=list)
    conflicts: list[tuple[bytes, bytes, bytes, str, int]] = field(default_factory=list)
    rearranged: list[Rearrangement] = field(default_factory=list)
    overflows: int = 0

    def join(self, gone: Customer, survivor: Customer, message_id: str) -> None:
        """One customer has all that both had; `message_id` says what joined them."""
        survivor.state.identifiers = survivor.state.identifiers + gone.state.identifiers
        survivor.state.lost += gone.state.lost
        survivor.state.capped = survivor.state.capped or gone.state.capped
        survivor.fresh += gone.fresh
        survivor.absorbed += gone.absorbed
        if gone.is_new:
            self._rename(gone.customer_id, survivor.customer_id)
        else:
            survivor.absorbed.append(gone)
            self.joins.append((gone.customer_id, survivor.customer_id))
        if not (gone.is_new and survivor.is_new):
            survivor.refold = Refold("merge", message_id)

    def _rename(self, old: bytes, new: bytes) -> None:
        """A customer that never was one outside of this transaction leaves no trace of its id."""
        self.created = [
            row._replace(customer_id=new) if row.customer_id == old else row for row in self.created
        ]
        self.claimed = [
            row._replace(customer_id=new) if row.customer_id == old else row for row in self.claimed
        ]
        self.joins = [(gone, new if survivor == old else survivor) for gone, survivor in self.joins]
        self.moves = [
            (place, Move(m.identifier, m.from_owner, new) if m.to_owner == old else m, first)
            for place, m, first in self.moves
        ]
        self.conflicts = [
            (key, new if one == old else one, new if other == old else other, reason, at)
            for key, one, other, reason, at in self.conflicts
        ]


def gain(customer: Customer, owned: OwnedIdentifier) -> None:
    """The customer owns one identifier more."""
    customer.state.identifiers = [*customer.state.identifiers, owned]


def lose(customer: Customer, identifier: Identifier) -> None:
    """The customer owns the identifier no more."""
    customer.state.identifiers = [
        o for o in customer.state.identifiers if (o.kind, o.value) != identifier
    ]

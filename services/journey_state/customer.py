"""What is kept of one customer, and the customer as one transaction works on it."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from services.journey_state.episodes import Episode
from services.journey_state.in_force import BEGINNING, EarlierJourney, Journeys, Term, begun_under
from services.journey_state.intermediate import Intermediate, Mark
from services.journey_state.journey import Journey, Transition
from services.journey_state.touchpoint import Identifier, Place, Touchpoint

UNDECIDED = 0  # no definition has this id


class OwnedIdentifier(msgspec.Struct, frozen=True, array_like=True):
    """An identifier of the customer and since when it was met."""

    kind: str
    value: str
    since: int


class Standing(msgspec.Struct, array_like=True):
    """A signal that has been computed and not retracted, as far as it was made known."""

    rule: str
    scope: str | None
    due: int
    state: str  # raised, recovered, expired
    published: bool
    revision: int
    raised_at: int  # the watermark at which it was raised
    reminded: int = 0  # the newest reminder that went out


class CustomerState(msgspec.Struct, kw_only=True, array_like=True):
    """The `state` column of a customer: one msgpack array, read and written whole."""

    made: Place  # of the touchpoint that made the customer
    identifiers: list[OwnedIdentifier] = []
    journey: Journey = msgspec.field(default_factory=Journey)
    published_stage: str = "none"
    stage_version: int = 0
    signal_version: int = 0
    state_version: int = 0
    signals: dict[str, Standing] = {}  # by signal_id; those whose window is over are left out
    wake_at: int | None = None  # what the timer's row holds
    told_overlays: list[str] = []  # those open in the last published snapshot
    earlier: list[EarlierJourney] = []  # under definitions before the customer's own
    cancelled: list[str] = []  # keys of episodes that an operator cancelled (permission.py)
    past_signals: dict[str, Standing] = {}  # the newest of those whose window is over
    made_by: Identifier | None = None  # the identifier that was met; None: the touchpoint's primary
    linked_to: Place | None = None  # newest touchpoint that linked, or was refused to
    earliest: Place | None = None  # a touchpoint before `made` that came later
    lost: int = 0  # identifiers that were its own and moved away
    capped: bool = False  # a bound kept something from being linked to or from it
    seen: bytes = b""  # the message ids of its touchpoints in the timeline (seen.py)
    checkpoints: list[Mark] = []  # within its kept past, in the order (intermediate.py)
    since_checkpoint: int = 0  # touchpoints folded after the newest of them, or in all

    @property
    def episodes(self) -> list[Episode]:
        """Every episode that may be or become a signal, under whatever definition."""
        if not self.earlier:
            return self.journey.episodes
        return [
            *self.journey.episodes,
            *(episode for one in self.earlier for episode in one.journey.episodes),
        ]

    @property
    def newest(self) -> Place | None:
        """Where its newest touchpoint or link stands: what is behind this place is in order."""
        place, linked = self.journey.place, self.linked_to
        if place is None or (linked is not None and linked > place):
            return linked
        return place

    def raise_linked(self, place: Place) -> None:
        """A touchpoint at this place said something of its identifiers."""
        if self.linked_to is None or self.linked_to < place:
            self.linked_to = place


LATE_KINDS = frozenset({"refold", "import"})  # of a refold: a touchpoint out of order


@dataclass(slots=True)
class Refold:
    """Why a customer's past is computed again, as messages say it."""

    kind: str  # refold, merge, import ...
    message_id: str | None
    retraction: str | None = None  # the kind by which retractions say it, if another
    late: Place | None = None  # nothing else is new than touchpoints from this place on


@dataclass(slots=True)
class Customer:
    """A customer inside one transaction: as it was, as it becomes, and what is to be told."""

    customer_id: bytes
    state: CustomerState
    is_new: bool
    before: CustomerState
    definition_id: int  # that the state is computed by; UNDECIDED: a new customer's
    fresh: list[Touchpoint] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    absorbed: list[Customer] = field(default_factory=list)
    splits: list[bytes] = field(default_factory=list)  # who got some of its touchpoints
    revived: bool = False  # it was merged away and has touchpoints of its own again
    lost: bool = False  # its row was lost: what made it is to be found again
    refold: Refold | None = None
    stops: list[Intermediate] = field(default_factory=list)  # checkpoints to be left
    unchanged_to: int = (
        BEGINNING  # signals due before stay as they are: a refold does not keep them
    )

    @classmethod
    def found(cls, customer_id: bytes, state: CustomerState, definition_id: int) -> Customer:
        """A customer read from its row."""
        before = msgspec.structs.replace(state)
        return cls(customer_id, state, is_new=False, before=before, definition_id=definition_id)

    @classmethod
    def made(cls, customer_id: bytes, place: Place, by: Identifier) -> Customer:
        """A customer that this transaction makes, of an identifier met at a place."""
        state = CustomerState(made=place, made_by=by)
        before = CustomerState(made=place)
        return cls(customer_id, state, is_new=True, before=before, definition_id=UNDECIDED)

    def under(self, journeys: Journeys) -> Term:
        """The definition that the customer is computed by; a new one starts under the present."""
        if self.definition_id == UNDECIDED:
            term = journeys.current
            self.definition_id = term.definition_id
            begun_under(term, self.state.journey)
            return term
        return journeys.by_id[self.definition_id]

    @property
    def relinked(self) -> bool:
        """Whether identity says something else of it than before."""
        return _identity(self.state) != _identity(self.before)

    @property
    def touched(self) -> bool:
        """Whether anything about it is to be computed or written."""
        return bool(self.fresh or self.refold or self.is_new or self.relinked)

    @property
    def known(self) -> bool:
        """Whether it owns a user id."""
        return any(owned.kind == "user_id" for owned in self.state.identifiers)


def _identity(state: CustomerState) -> tuple[object, ...]:
    return (state.identifiers, state.linked_to, state.earliest, state.lost, state.capped)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(CustomerState)


def encode_state(state: CustomerState) -> bytes:
    """The bytes of the `state` column."""
    return _encoder.encode(state)


def decode_state(value: bytes) -> CustomerState:
    """The state of a `state` column."""
    return _decoder.decode(value)

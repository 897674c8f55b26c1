"""Why there is a signal, or why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.times import DAY_US, SECOND_US
from services.journey_state.abandonment import meaning
from services.journey_state.customer import CustomerState
from services.journey_state.definition import Definition, shipped
from services.journey_state.episodes import no_gaps
from services.journey_state.explain.bearing import Bearing, Kept
from services.journey_state.explain.episode import EPISODES_MAX
from services.journey_state.explain.rule import RulePast, SignalReasons
from services.journey_state.in_force import Activation, Journeys, journeys_of
from services.journey_state.journey import Journey, fold, in_order
from services.journey_state.permission import cancellation_key
from services.journey_state.signalling import Firing, review
from services.journey_state.touchpoint import Touchpoint
from services.journey_state.watermark import Gap, hold_for_gaps
from tests.journey_state.samples import LAST_INSTANT, definitions, make, timelines

GRACE = 60 * SECOND_US
MINUTE = 60 * SECOND_US
HOUR = 60 * MINUTE
SHOP = journeys_of([Activation(1, shipped(), None)], GRACE)


def event(at: int, name: str, **fields: Any) -> Touchpoint:
    fields.setdefault("message_id", f"{name}-{at // SECOND_US}")
    return make(at, name, **fields)


def explained(
    touchpoints: Sequence[Touchpoint],
    watermark: int,
    *kept: Kept,
    rule: str = "cart",
    journeys: Journeys = SHOP,
    grace: int = GRACE,
    gaps: Sequence[Gap] = (),
    signal: str | None = None,
    cancel: bool = False,
) -> SignalReasons:
    past = RulePast(rule, signal)
    causes = [one.cause_message_id for one in kept if one.cause_message_id]
    past.fold(journeys, journeys.current, in_order(touchpoints), causes)
    cancelled = [cancellation_key(life.episode) for _, _, life in past.lives()] if cancel else []
    state = CustomerState(made=(0, "", ""), journey=past.journey, cancelled=cancelled)

    def hold(last: int, fires_at: int) -> int:
        return hold_for_gaps(last, fires_at, gaps, 10 * MINUTE)

    by_id = {one.signal_id: one for one in kept}
    return past.reasons(Bearing(watermark, grace, hold, gaps, state, by_id))


def kept(signal_id: str | None, **more: Any) -> Kept:
    assert signal_id is not None
    values: dict[str, Any] = {
        "rule": "cart",
        "scope": "",
        "due_at": HOUR + 30 * MINUTE,
        "state": "raised",
        "published": True,
        "suppressed": None,
        "raised_at": HOUR + 32 * MINUTE,
        "reminded": 0,
    }
    return Kept(signal_id=signal_id, **(values | more))


ADDED = event(HOUR, "Product Added", properties={"cart_id": "c1"})


def test_an_open_episode_says_when_it_is_due() -> None:
    reasons = explained([ADDED], HOUR + MINUTE)
    (episode,) = reasons.episodes
    assert (episode.result, episode.scope, episode.activities) == ("open", "c1", 1)
    assert episode.fires_not_before == HOUR + 31 * MINUTE
    assert episode.held_by is None
    assert reasons.text == (
        "Product Added came on 1970-01-01 01:00:00 UTC (website, web, message Product Added-3600) "
        "and opened an episode of cart for c1. It is due 30m later, on 1970-01-01 01:30:00 UTC. "
        "The watermark stands at 1970-01-01 01:01:00 UTC: it is not due yet, and the signal is "
        "raised when the watermark reaches 1970-01-01 01:31:00 UTC unless something happens."
    )


def test_what_holds_a_due_episode_is_named() -> None:
    due = HOUR + 30 * MINUTE
    (grace,) = explained([ADDED], due + 1).episodes
    assert (grace.result, grace.held_by) == ("waiting", "grace")
    gap = Gap(0, HOUR + MINUTE, HOUR + 29 * MINUTE)
    (silent,) = explained([ADDED], due + 2 * MINUTE, gaps=[gap]).episodes
    assert (silent.held_by, silent.fires_not_before) == ("gap", HOUR + 39 * MINUTE)
    assert "ingest was silent from 1970-01-01 01:01:00 UTC to 1970-01-01 01:29:00" in silent.text
    late = event(HOUR, "Product Added", received_at=3 * HOUR)
    (arrived,) = explained([late], 3 * HOUR).episodes
    assert arrived.held_by == "late_arrival"
    assert "received on 1970-01-01 03:00:00 UTC only" in arrived.text


def test_what_closed_it_in_time_is_named() -> None:
    viewed = event(HOUR + 10 * MINUTE, "Cart Viewed")
    order = event(HOUR + 20 * MINUTE, "Order Completed")
    (episode,) = explained([ADDED, viewed, order], DAY_US).episodes
    assert (episode.result, episode.activities, episode.signal_id) == ("closed", 2, None)
    assert episode.ended_by is not None
    assert episode.ended_by.message_id == order.message_id
    assert "It was kept alive once; as the last activity Cart Viewed came on" in episode.text
    assert episode.text.endswith(
        "message Order Completed-4800) and closed it 20m before it was due, so there is no signal."
    )


def test_dropping_and_emptying_are_told_apart() -> None:
    emptied = event(HOUR + MINUTE, "Cart Emptied", properties={"cart_id": "c1"})
    (dropped,) = explained([ADDED, emptied], DAY_US).episodes
    assert dropped.result == "dropped"
    one = event(HOUR, "Product Added", properties={"product_id": "p"})
    off = event(HOUR + MINUTE, "Product Removed", properties={"product_id": "p"})
    (removed,) = explained([one, off], DAY_US).episodes
    assert (removed.result, removed.due_at) == ("emptied", HOUR + 30 * MINUTE)


def test_a_signal_says_when_and_why_it_was_raised_and_what_recovered_it() -> None:
    order = event(3 * HOUR, "Order Completed")
    identity = explained([ADDED], 2 * HOUR).episodes[0].signal_id
    raised = explained([ADDED], 2 * HOUR, kept(identity)).episodes[0]
    assert (raised.result, raised.published, raised.raised_at) == (
        "raised",
        True,
        HOUR + 32 * MINUTE,
    )
    assert "when the watermark stood at 1970-01-01 01:32:00 UTC, after 1m of grace." in raised.text
    back = explained([ADDED, order], 4 * HOUR, kept(identity, state="recovered")).episodes[0]
    assert (back.result, back.recovered_at) == ("recovered", 3 * HOUR)
    assert "1h 30m after it was due: recovered." in back.text
    expired = explained([ADDED], 9 * DAY_US, kept(identity)).episodes[0]
    assert expired.result == "expired"


def test_a_signal_that_was_never_published_says_why() -> None:
    order = event(3 * HOUR, "Order Completed")
    identity = explained([ADDED], 2 * HOUR).episodes[0].signal_id
    unpublished = kept(identity, published=False, state="recovered")
    recovered = explained([ADDED, order], 4 * HOUR, unpublished).episodes[0]
    assert "it was recovered already, so it was stored, not published" in recovered.text
    imported = event(HOUR, "Product Added", historical=True, received_at=9 * HOUR)
    first = explained([imported], 10 * HOUR).episodes[0]
    again = explained([imported], 10 * HOUR, kept(first.signal_id, published=False)).episodes[0]
    assert "imported after it was due" in again.text


def test_consent_and_operators_forbid_a_signal() -> None:
    no = event(0, "identify", call="identify", consent={"marketing": False})
    (withheld,) = explained([no, ADDED], DAY_US).episodes
    assert withheld.result == "consent"
    assert "Consent to marketing was withdrawn on 1970-01-01 00:00:00 UTC" in withheld.text
    demanding = event(HOUR, "Product Added", consent_required=True)
    (unstated,) = explained([demanding], DAY_US).episodes
    assert unstated.result == "consent"
    assert "demands a statement of consent" in unstated.text
    (cancelled,) = explained([ADDED], DAY_US, cancel=True).episodes
    assert cancelled.result == "operator"


def test_reminders_say_what_became_of_them() -> None:
    identity = explained([ADDED], 2 * HOUR).episodes[0].signal_id
    due = HOUR + 30 * MINUTE
    sent = explained([ADDED], due + 2 * DAY_US, kept(identity, reminded=1)).episodes[0]
    assert [(r.n, r.result) for r in sent.reminders] == [(1, "sent"), (2, "pending")]
    order = event(due + HOUR, "Order Completed")
    stopped = explained([ADDED, order], due + 2 * DAY_US, kept(identity)).episodes[0]
    assert [r.result for r in stopped.reminders] == ["stopped", "stopped"]
    assert "Order Completed came on" in stopped.reminders[0].text
    late = kept(identity, raised_at=due + 2 * DAY_US)
    passed = explained([ADDED], due + 2 * DAY_US, late).episodes[0]
    assert [r.result for r in passed.reminders] == ["passed", "pending"]


def test_what_was_withheld_for_want_of_consent_is_told() -> None:
    identity = explained([ADDED], 2 * HOUR).episodes[0].signal_id
    due = HOUR + 30 * MINUTE
    never = kept(identity, published=False, suppressed="consent")
    unsent = explained([ADDED], 2 * HOUR, never).episodes[0]
    assert (unsent.published, unsent.suppressed) == (False, "consent")
    assert "but nothing was published of it: consent had been withdrawn" in unsent.text
    later = kept(identity, reminded=1, suppressed="consent")
    reminded = explained([ADDED], due + 2 * DAY_US, later).episodes[0]
    assert reminded.reminders[0].result == "suppressed"
    assert "A reminder of it was withheld" in reminded.text


def test_where_nothing_opened_the_nearest_event_says_why() -> None:
    reasons = explained([event(HOUR, "Cart Viewed", properties={"products": []})], DAY_US)
    assert reasons.episodes == ()
    assert reasons.not_opened is not None
    assert (reasons.not_opened.result, reasons.not_opened.times) == ("when", 1)
    assert "size(properties.products) = 0" in reasons.text
    nothing = explained([event(HOUR, "page")], DAY_US)
    assert nothing.not_opened is not None
    assert nothing.not_opened.result == "no_event"
    assert nothing.text == (
        "No Cart Viewed, Checkout Started or Product Added came, so there was nothing to abandon."
    )
    order = event(HOUR, "Order Completed", message_id="a")
    viewed = event(HOUR, "Cart Viewed", message_id="b")
    at_once = explained([order, viewed], DAY_US)
    assert at_once.not_opened is not None
    assert at_once.not_opened.result == "just_ended"


def test_a_stage_rule_is_explained_by_the_stage() -> None:
    looked = event(HOUR, "Product Viewed")
    never = explained([event(HOUR, "page")], DAY_US, rule="consideration_cold")
    assert "The customer was never in consideration" in never.text
    order = event(2 * HOUR, "Order Completed")
    (left,) = explained([looked, order], DAY_US, rule="consideration_cold").episodes
    assert left.result == "left"
    assert "led out of the rule's stages" in left.text


def test_a_retracted_signal_names_the_late_event_and_what_it_did() -> None:
    order = event(HOUR + 20 * MINUTE, "Order Completed", received_at=3 * HOUR)
    identity = explained([ADDED], 2 * HOUR).episodes[0].signal_id
    taken = kept(
        identity,
        scope="c1",
        state="retracted",
        cause_kind="late_event",
        cause_message_id=order.message_id,
        last_activity_at=HOUR,
    )
    reasons = explained([ADDED, order], 4 * HOUR, taken)
    (retracted,) = reasons.retracted
    assert retracted.touchpoint is not None
    assert retracted.touchpoint.message_id == order.message_id
    assert "taken back because of an event that came late: Order Completed came" in retracted.text
    assert retracted.text.endswith(
        "but was received only on 1970-01-01 03:00:00 UTC. By what is known now the episode was "
        "closed in time by it."
    )


def test_one_signal_is_explained_alone_however_old_it_is() -> None:
    many = [
        event(n * HOUR, "Product Added", properties={"cart_id": f"c{n}"})
        for n in range(1, EPISODES_MAX + 20)
    ]
    everything = explained(many, DAY_US * 90)
    assert (len(everything.episodes), everything.truncated) == (EPISODES_MAX, True)
    oldest = explained(many[:1], DAY_US * 90).episodes[0].signal_id
    alone = explained(many, DAY_US * 90, signal=oldest)
    assert [one.signal_id for one in alone.episodes] == [oldest]
    assert alone.episodes[0].scope == "c1"


def test_each_signal_belongs_to_the_definition_in_force_when_it_was_due() -> None:
    changed = shipped()
    both = journeys_of([Activation(1, shipped(), None), Activation(2, changed, 2 * HOUR)], GRACE)
    later = event(3 * HOUR, "Product Added", properties={"cart_id": "c2"})
    reasons = explained([ADDED, later], DAY_US, journeys=both)
    assert [one.scope for one in reasons.episodes] == ["c2", "c1"]


@given(definitions(), timelines, st.integers(0, 3 * LAST_INSTANT))
def test_explanations_never_disagree_with_what_is_signaled(
    definition: Definition, touchpoints: list[Touchpoint], watermark: int
) -> None:
    grace = 2
    journeys = journeys_of([Activation(1, definition, None)], grace)
    journey: Journey = fold(definition, touchpoints).journey
    state = CustomerState(made=(0, "", ""), journey=journey)
    firing = Firing(watermark, grace, no_gaps)
    changes = review(state, journeys.current, journeys, firing, again=False)
    said = {change.signal_id: change.standing.state for change in changes}
    told = {}
    for rule in definition.abandonment:
        reasons = explained(touchpoints, watermark, rule=rule.name, journeys=journeys, grace=grace)
        for one in reasons.episodes:
            assert one.rule == rule.name
            if one.result in ("raised", "recovered", "expired"):
                told[one.signal_id] = one.result
            if one.result in ("open", "waiting"):
                assert one.fires_not_before is not None
                assert one.fires_not_before > watermark
    assert told == said


@given(definitions(), timelines)
def test_what_is_named_as_ending_an_episode_does_end_it(
    definition: Definition, touchpoints: list[Touchpoint]
) -> None:
    journeys = journeys_of([Activation(1, definition, None)], 2)
    for rule in definition.abandonment:
        past = RulePast(rule.name)
        past.fold(journeys, journeys.current, in_order(touchpoints))
        standing = {id(one) for one in past.journey.episodes}
        for _, _, life in past.lives():
            assert (life.ended is None) == (id(life.episode) in standing)
            if life.ended is not None and rule.stages is None:
                assert meaning(rule, life.ended) in ("closes", "drops", "removes")


def test_an_episode_from_before_a_checkpoint_is_followed_on() -> None:
    start = fold(SHOP.current.definition, [ADDED]).journey
    order = event(HOUR + 20 * MINUTE, "Order Completed")
    for touchpoints, result in (([], "open"), ([order], "closed")):
        past = RulePast("cart")
        past.fold(SHOP, SHOP.current, touchpoints, start=lambda _: start)
        state = CustomerState(made=(0, "", ""), journey=past.journey)
        reasons = past.reasons(Bearing(HOUR, GRACE, no_gaps, (), state))
        (episode,) = reasons.episodes
        assert (episode.result, episode.opened_at, episode.opened_by) == (result, HOUR, None)
        assert episode.text.startswith(
            "There was an episode of cart for c1, opened on 1970-01-01 01:00:00 UTC, from before "
        )

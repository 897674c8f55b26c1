"""More breakages: identity, definitions and the fold."""

from __future__ import annotations

from tests.breakages import CORE, SEEN, Breakage

IDENTITY = (f"{SEEN}/test_identity.py",)
SENTENCES = (f"{SEEN}/test_identity_sentences.py",)
SPLITS = (f"{SEEN}/test_splits.py",)
MEANING = (f"{SEEN}/test_meaning.py",)
JOURNEY = (f"{SEEN}/test_journey.py",)

OF_PEOPLE = (
    Breakage(
        "2.2",
        "an anonymous past stays behind",
        f"{CORE}/identity.py",
        "        else:\n            self.join(identifier, target)",
        "        else:\n            self._move(identifier, target)",
        IDENTITY,
    ),
    Breakage(
        "2.2",
        "two known ones are joined by a touchpoint of neither",
        f"{CORE}/identity.py",
        "if len({owner for owner in present if owners.customers[owner].known}) > 1:",
        "if False:",
        IDENTITY,
    ),
    Breakage(
        "2.2",
        "an alias without a user joins",
        f"{CORE}/identity.py",
        'if self.call != "alias" or self.user is None or not self.previous_id:',
        'if self.call != "alias" or not self.previous_id:',
        (*IDENTITY, *SENTENCES),
    ),
    Breakage(
        "2.2",
        "an alias of users holds from its place on",
        f"{CORE}/ownership.py",
        "        if fact.previous_user is not None:\n            linking",
        "        if fact.previous_user is None:\n            continue\n        if False:\n"
        "            linking",
        IDENTITY,
    ),
    Breakage(
        "2.2",
        "bots link",
        f"{CORE}/assignment.py",
        "if not a.touchpoint.bot]",
        "]",
        SENTENCES,
    ),
    Breakage(
        "2.2",
        "a move heeds no bound",
        f"{CORE}/identity.py",
        "        if not self.owners.has_room(target, 1):\n            return self.refuse",
        "        if False:\n            return self.refuse",
        SENTENCES,
    ),
    Breakage(
        "2.2",
        "a join heeds no bound",
        f"{CORE}/identity.py",
        "if not self.owners.has_room(target, self.owners.customers[source].identifiers):",
        "if False:",
        SENTENCES,
    ),
    Breakage(
        "2.2",
        "a shared identifier goes on linking",
        f"{CORE}/identity.py",
        "if i not in owners.unlinked and not owners.is_shared(i)]",
        "if i not in owners.unlinked]",
        SENTENCES,
    ),
    Breakage(
        "2.2",
        "a conflict is not counted again",
        f"{CORE}/store/people.py",
        "SET count = c.count + 1, first_at",
        "SET count = c.count, first_at",
        SENTENCES,
    ),
    Breakage(
        "2.2",
        "of a count across the cut the larger half is kept",
        f"{CORE}/early_conflicts.py",
        "times=row.times + other.times,",
        "times=max(row.times, other.times),",
        (f"{SEEN}/test_early_conflicts.py",),
    ),
    Breakage(
        "2.2",
        "a touchpoint from before the cut says nothing of identity",
        f"{CORE}/intake.py",
        "        arrivals, late = judge(arrivals, before.cut)\n",
        "        arrivals, late = judge(arrivals, before.cut)\n"
        "        arrivals = [a for a in arrivals if not late.holds(a)]\n",
        (f"{SEEN}/test_retention.py",),
    ),
    Breakage(
        "2.3",
        "a link does not lift an unlink",
        f"{CORE}/ownership.py",
        "            unlinked -= {fact.a, fact.b}\n",
        "",
        (*IDENTITY, *SENTENCES),
    ),
    Breakage(
        "2.3",
        "an unlink leaves earlier links",
        f"{CORE}/ownership.py",
        "links = [link for link in links if fact.identifier not in (link.a, link.b)]",
        "links = list(links)",
        IDENTITY,
    ),
    Breakage(
        "2.3",
        "a merge writes the touchpoints anew",
        f"{CORE}/recomputation.py",
        "    if change.redirects:\n",
        "    await connection.execute(\n"
        '        "UPDATE timeline SET channel = channel "\n'
        '        "WHERE identifier_key = ANY($1::uuid[])", list(change.keys)\n'
        "    )\n"
        "    if change.redirects:\n",
        SENTENCES,
    ),
    Breakage(
        "2.4",
        "of two anonymous ones the one made last survives",
        f"{CORE}/identity.py",
        "return known[0] if known else min(candidates",
        "return known[0] if known else max(candidates",
        IDENTITY,
    ),
    Breakage(
        "2.4",
        "an id that was merged twice means nobody",
        f"{CORE}/store/people.py",
        "WHERE customer_id = $1 OR merged_into = $1",
        "WHERE customer_id = $1",
        SENTENCES,
    ),
    Breakage(
        "2.4",
        "parted touchpoints get a new id",
        f"{CORE}/naming.py",
        "ids[owner] = new_id() if chosen is None else chosen.customer_id",
        "ids[owner] = chosen.customer_id if chosen is not None and chosen.live else new_id()",
        (f"{SEEN}/test_naming.py", *SENTENCES),
    ),
    Breakage(
        "2.4",
        "a split is told to whom it went",
        f"{CORE}/succession.py",
        '"from": id_text(customer.customer_id),\n        "to": id_text(to),',
        '"from": id_text(to),\n        "to": id_text(customer.customer_id),',
        SPLITS,
    ),
    Breakage(
        "2.5",
        "a late touchpoint is applied where it arrives",
        f"{CORE}/lateness.py",
        "if not any(self._is_late(owner, fact.place) for owner in owners):",
        "if True:",
        SPLITS,
    ),
)

OF_JOURNEYS = (
    Breakage(
        "3",
        "keys that nobody knows are taken",
        f"{CORE}/definition/schema.py",
        'if name == "additionalProperties":',
        'if name == "additionalProperties":\n        return\n    if False:',
        (f"{SEEN}/test_definition_faults.py",),
    ),
    Breakage(
        "3",
        "a signal names the customer's definition",
        f"{CORE}/publication.py",
        "definition = (term or customer.under(self.journeys)).definition",
        "definition = customer.under(self.journeys).definition",
        (f"{SEEN}/test_republishing.py",),
    ),
    Breakage(
        "3.1",
        "a count leaves this touchpoint out",
        f"{CORE}/journey.py",
        "counts = {**counts, event: counts.get(event, 0) + 1}",
        "counts = {**counts, event: counts.get(event, 0)}",
        MEANING,
    ),
    Breakage(
        "3.1",
        "since is since this touchpoint",
        f"{CORE}/journey.py",
        "return Moment(touchpoint, event, journey.stage, traits, counts, journey.last_at)",
        "return Moment(touchpoint, event, journey.stage, traits, counts, "
        "{**journey.last_at, event: touchpoint.occurred_at})",
        MEANING,
    ),
    Breakage(
        "3.2",
        "where a rule is from does not matter",
        f"{CORE}/stages.py",
        "if rule.from_stages is not None and moment.stage not in rule.from_stages:",
        "if False:",
        (*MEANING, *JOURNEY),
    ),
    Breakage(
        "3.3",
        "a stage may be called none",
        f"{CORE}/definition/checks.py",
        "if name == NONE_STAGE:",
        "if False:",
        (f"{SEEN}/test_definition_faults.py",),
    ),
    Breakage(
        "3.5",
        "a touchpoint meets the rules of all events",
        f"{CORE}/definition/rules.py",
        "return self.rules_for(event).enter",
        "return tuple(rule for one in self._rules.values() for rule in one.enter)",
        (f"{SEEN}/test_definition.py", f"{SEEN}/test_meaning.py"),
    ),
    Breakage(
        "3.6",
        "a repeat is folded",
        f"{CORE}/journey.py",
        "    if key in keys:\n        return True\n",
        "",
        MEANING,
    ),
    Breakage(
        "3.6",
        "an event may be passive and open an episode",
        f"{CORE}/definition/checks.py",
        "if event in passive:",
        "if False:",
        (f"{SEEN}/test_definition_faults.py",),
    ),
    Breakage(
        "4.1",
        "bots are folded",
        f"{CORE}/journey.py",
        '    """Fold the touchpoint into the journey, all but its `place`; gives the transition it'
        ' made."""\n    if touchpoint.bot:\n        return None\n',
        '    """Fold the touchpoint into the journey, all but its `place`; gives the transition it'
        ' made."""\n',
        MEANING,
    ),
    Breakage(
        "4.3",
        "as of a time is as of now",
        f"{CORE}/past_queries.py",
        "coalesce(recorded_at, received_at) <= :known_at",
        "(true OR recorded_at <= :known_at)",
        (f"{SEEN}/test_api_as_of.py",),
    ),
    Breakage(
        "4.3",
        "what is known of W then is the time itself",
        f"{CORE}/api/as_of.py",
        "watermark=watermark_then(known_at, notes, watermark),",
        "watermark=known_at if watermark is None else min(known_at, watermark),",
        (f"{SEEN}/test_api_as_of.py",),
    ),
    Breakage(
        "4.4",
        "of two checkpoints the earlier gives the stage",
        f"{CORE}/checkpoint.py",
        "by_time = sorted(found, key=_newest)",
        "by_time = sorted(found, key=_newest, reverse=True)",
        (f"{SEEN}/test_retention.py", f"{SEEN}/test_checkpoint.py"),
    ),
    Breakage(
        "4.4",
        "counters of two checkpoints do not add",
        f"{CORE}/checkpoint.py",
        "joined.counts = _added(earlier.counts, joined.counts)",
        "pass",
        (f"{SEEN}/test_retention.py", f"{SEEN}/test_checkpoint.py"),
    ),
    Breakage(
        "4.2",
        "a late touchpoint is folded on from a checkpoint behind it",
        f"{CORE}/intermediate.py",
        "mark for mark in marks if mark.place < place and",
        "mark for mark in marks if",
        (f"{SEEN}/test_intermediate.py",),
    ),
    Breakage(
        "4.2",
        "every late touchpoint has the whole past read",
        f"{CORE}/intake.py",
        "late = None if known else customer.fresh[0].place",
        "late = None",
        (f"{SEEN}/test_intermediate.py",),
    ),
    Breakage(
        "4.2",
        "a checkpoint is taken for what its customer does not list",
        f"{CORE}/intermediate.py",
        "return _decoder.decode(body) if _digest(body) == mark.digest else None",
        "return _decoder.decode(body)",
        (f"{SEEN}/test_intermediate.py",),
    ),
    Breakage(
        "4.4",
        "what is too late is folded",
        f"{CORE}/too_late.py",
        "customer.fresh = [t for t in customer.fresh if t.place not in self.places]",
        "pass",
        (f"{SEEN}/test_retention.py",),
    ),
)

IN_JOURNEY_STATE = (*OF_PEOPLE, *OF_JOURNEYS)

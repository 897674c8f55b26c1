"""The filters of every figure: read from a query string, and written as one again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, tzinfo
from typing import NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from services.contracts.times import DAY_US, format_time, from_datetime, read_time, to_datetime

PERIOD_DAYS_DEFAULT = 30
PERIOD_DAYS_MAX = 1100  # three years and a quarter: this year beside the two before it
VALUE_LENGTH_MAX = 256  # characters

CHANNELS = ("website", "app", "email", "chatbot", "phone", "offline")
DEVICES = ("mobile", "tablet", "desktop", "unknown")
STATES = ("raised", "recovered", "retracted", "expired")
FEEDBACK_PARTS = ("promoters", "passives", "detractors", "scored", "rated")
# Which people of a stage: what each means stands in `people_queries`.
PARTS = ("present", "entered", "moved", "still_here", "left", "there", "converted", "ended",
         "stock", "touched", "signaled", *FEEDBACK_PARTS)  # fmt: skip
# The same for what `pain_tables` counts: who was struck, after whom they are of.
PAINFUL = ("arrived", "leaked", "finished", "stalled", "came", "looped", "active", "repeated",
           "erred", "abandoned")  # fmt: skip
CAUSED = ("repeated", "erred", "abandoned")
TIMED = ("arrived", "leaked", "stalled")
STEPS_MAX = 30  # of a funnel
FLOWS = ("stage", "channel", "touchpoint")  # what the nodes of a flow are
FLOW_STEPS_MAX = 8
FLOW_TOP_DEFAULT = 6
FLOW_TOP_MAX = 20  # nodes of a column, beside Other and where paths end

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_LATEST = "9999-01-01"


class Fault(NamedTuple):
    """A parameter that is wrong, and what to do."""

    parameter: str
    message: str


class FilterError(Exception):
    """The query string says nothing that could be counted."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.parameter}: {fault.message}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """A period, `to_at` excluded, and what is counted in it; None: whatever.

    `zone` is that of dates. `part` says which people of `stage` are meant, and of what time within
    the period: of `part_from_at` to `part_to_at`; `within` (seconds), `cause` and what stays were
    entered by are of parts in `PAINFUL`. `steps` are the stages of a funnel, `step` which of them
    people have come to, from 1 on. `flow` and what begins like it is of a flow: people at a node
    of a step, or those of them who are at the node `flow_next` in the step after.
    """

    from_at: int
    to_at: int
    zone: str = "UTC"
    channel: str | None = None
    source: str | None = None
    campaign: str | None = None
    device: str | None = None
    event: str | None = None
    rule: str | None = None
    state: str | None = None
    segment: str | None = None
    experiment: str | None = None
    variation: str | None = None
    variations: str | None = None
    stage: str | None = None
    part: str | None = None
    within: str | None = None
    cause: str | None = None
    used_channel: str | None = None
    entry_device: str | None = None
    entry_campaign: str | None = None
    by: str | None = None
    order: str | None = None
    steps: str | None = None
    start_channel: str | None = None
    step: str | None = None
    flow: str | None = None
    flow_direction: str | None = None
    flow_start: str | None = None
    flow_exclude: str | None = None
    flow_top: str | None = None
    flow_step: str | None = None
    flow_node: str | None = None
    flow_next: str | None = None
    part_from_at: int
    part_to_at: int

    @property
    def of_touchpoints(self) -> bool:
        """Whether only people with certain touchpoints count."""
        return any((self.channel, self.source, self.campaign, self.device, self.event))

    @property
    def of_signals(self) -> bool:
        """Whether only people with certain signals count."""
        return any((self.rule, self.state))

    def query(self, **changes: str) -> str:
        """The query string that `parse` reads as these filters, with the changes."""
        period = {"from": format_time(self.from_at), "to": format_time(self.to_at)}
        if (self.part_from_at, self.part_to_at) != (self.from_at, self.to_at):
            within = (format_time(self.part_from_at), format_time(self.part_to_at))
            period |= {"part_from": within[0], "part_to": within[1]}
        return urlencode(period | {"zone": self.zone} | self.said() | changes)

    def said(self) -> dict[str, str]:
        """The filters beside the period."""
        texts = {name: getattr(self, name) for name in _TEXTS}
        return {name: text for name, text in texts.items() if text is not None}


_TEXTS = tuple(
    field.name
    for field in fields(Filters)
    if field.name != "zone" and not field.name.endswith("_at")
)
PARAMETERS = ("from", "to", "zone", *_TEXTS, "part_from", "part_to")
_CHOICES = {
    "channel": CHANNELS,
    "start_channel": CHANNELS,
    "variations": ("one", "several"),
    "device": DEVICES,
    "state": STATES,
    "part": PARTS + PAINFUL,
    "used_channel": CHANNELS,
    "entry_device": DEVICES,
    "by": ("cohort", "period"),
    "order": ("strict", "any"),
    "step": tuple(map(str, range(1, STEPS_MAX + 1))),
    "flow": FLOWS,
    "flow_direction": ("forward", "backward"),
    "flow_top": (*map(str, range(1, FLOW_TOP_MAX + 1)), "all"),
    "flow_step": tuple(map(str, range(1, FLOW_STEPS_MAX + 1))),
}


def parse(values: Mapping[str, str], now: int) -> Filters:
    """The filters that these parameters state; `now` ends a period that names no end.

    Raises FilterError, which names every parameter that is wrong.
    """
    faults = [Fault(name, _fault(name, value)) for name, value in values.items()]
    faults = [fault for fault in faults if fault.message]
    zone = values.get("zone", "UTC")
    if not _is_zone(zone):
        faults.append(Fault("zone", f"no time zone is named {zone!r}; write such as Europe/Warsaw"))
        zone = "UTC"
    to_at = _instant(values, "to", zone, faults)
    from_at = _instant(values, "from", zone, faults)
    if to_at is None:
        to_at = now if from_at is None else max(now, from_at + 1)
    if from_at is None:
        # Whole days, and what there is of today: roll-ups know days.
        there = to_datetime(to_at - PERIOD_DAYS_DEFAULT * DAY_US).astimezone(zone_of(zone))
        from_at = day_begins(there.date(), zone_of(zone))
    begin = _instant(values, "part_from", zone, faults)
    end = _instant(values, "part_to", zone, faults)
    begin, end = from_at if begin is None else begin, to_at if end is None else end
    if not faults:
        faults = _period_faults(from_at, to_at, "") or _period_faults(begin, end, "part_")
        faults += _part_faults(values) + _pain_faults(values) + _variation_faults(values)
        faults += _step_faults(values) + _flow_faults(values)
    if faults:
        raise FilterError(faults)
    texts = {name: values[name] for name in _TEXTS if name in values}
    return Filters(
        from_at=from_at, to_at=to_at, zone=zone, part_from_at=begin, part_to_at=end, **texts
    )


def names_in(text: str | None) -> list[str]:
    r"""Names with commas between; `\,` is a comma within one, `\\` a backslash."""
    return [_ESCAPED.sub(r"\1", name) for name in _NAMES.findall(text or "")]


_NAMES = re.compile(r"(?:\\.|[^,\\])+")
_ESCAPED = re.compile(r"\\(.)")


def zone_of(name: str) -> tzinfo:
    """The zone of this name; UTC is known where the machine has no time zones too.

    Raises KeyError, ValueError or OSError: there is no such name, it is none, it is a folder's.
    """
    return UTC if name == "UTC" else ZoneInfo(name)


def day_begins(day: date, zone: tzinfo) -> int:
    """The first instant of the day there: 23, 24 or 25 hours before the next day's.

    Where clocks skip midnight, the instant at which they do; where it comes twice, the first.
    """
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone))


def _fault(name: str, value: str) -> str:
    if name not in PARAMETERS:
        return f"unknown; filters are {', '.join(PARAMETERS)}"
    if not value or len(value) > VALUE_LENGTH_MAX or not value.isprintable():
        return f"takes 1 to {VALUE_LENGTH_MAX} characters that can be printed"
    if value not in _CHOICES.get(name, (value,)):
        return f"is one of {' '.join(_CHOICES[name])}"
    return ""


def _instant(values: Mapping[str, str], name: str, zone: str, faults: list[Fault]) -> int | None:
    if name not in values:
        return None
    text = values[name].strip()
    try:
        if _DATE.fullmatch(text):
            found = day_begins(date.fromisoformat(text), zone_of(zone))
        else:
            # An offset's + may have come as the space that it stands for.
            head, space, offset = text.rpartition(" ")
            found = read_time(f"{head}+{offset}" if space and "T" in head else text)
    except (ValueError, OverflowError):
        faults.append(Fault(name, "write 2026-11-21, or 2026-11-21T12:00:00Z with its offset"))
        return None
    if not 0 <= found < _FAR:
        faults.append(Fault(name, f"lies outside 1970-01-01 to {_LATEST}"))
        return None
    return found


_FAR = read_time(f"{_LATEST}T00:00:00Z")


def _period_faults(from_at: int, to_at: int, prefix: str) -> list[Fault]:
    if from_at >= to_at:
        return [Fault(f"{prefix}from", f"is not before `{prefix}to`, which is excluded")]
    if to_at - from_at > PERIOD_DAYS_MAX * DAY_US:
        return [Fault(f"{prefix}from", f"a period has at most {PERIOD_DAYS_MAX} days")]
    return []


def _part_faults(values: Mapping[str, str]) -> list[Fault]:
    part = values.get("part")
    if part and not values.get("stage"):
        return [Fault("part", "needs `stage`: it is a part of the people of one stage")]
    if part not in _TIMELESS:
        return []
    named = [name for name in ("part_from", "part_to") if name in values]
    return [Fault(name, "says when of no such `part`; leave it out") for name in named]


def _pain_faults(values: Mapping[str, str]) -> list[Fault]:
    part = values.get("part")
    needed = {"within": part in TIMED, "cause": part in CAUSED}
    faults = [
        Fault(n, f"is needed for the part `{part}`") for n in needed if needed[n] > (n in values)
    ]
    given = [name for name in values if name in needed or name.startswith(("entry_", "used_"))]
    faults += [
        Fault(name, "is not of this `part`; leave it out")
        for name in given
        if part not in PAINFUL or not needed.get(name, True)
    ]
    if not _SECONDS.fullmatch(values.get("within", "1")):
        faults.append(Fault("within", "takes whole seconds"))
    return faults


_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)


def _variation_faults(values: Mapping[str, str]) -> list[Fault]:
    named = [name for name in ("variation", "variations") if name in values]
    if named and "experiment" not in values:
        return [Fault(named[0], "needs `experiment`: the name of one")]
    return [Fault("variations", "is said by `variation`")] if len(named) > 1 else []


def _step_faults(values: Mapping[str, str]) -> list[Fault]:
    steps = values.get("steps", "").split(",")
    if len(steps) > STEPS_MAX or len(set(steps)) < len(steps):
        return [Fault("steps", f"takes at most {STEPS_MAX} stages with commas between, each once")]
    if "step" in values and "stage" in values:
        return [Fault("step", "is not of one `stage`; leave that out")]
    return []


def _flow_faults(values: Mapping[str, str]) -> list[Fault]:
    named = [name for name in values if name.startswith("flow")]
    if not named:
        return []
    needed = ["flow", "flow_step"] + ["flow_node"] * ("flow_next" in values)
    for name in needed:
        if name not in values:
            return [Fault(name, f"is needed beside {', '.join(f'`{one}`' for one in named)}")]
    faults = [Fault(name, "is not of a flow; leave it out") for name in _UNFLOWING & values.keys()]
    if "flow_next" in values and values["flow_step"] == str(FLOW_STEPS_MAX):
        faults.append(Fault("flow_next", "there is no step after the last one"))
    return faults


_UNFLOWING = {"stage", "part", "step"}
_TIMELESS = (None, "stock", "touched", "signaled", *FEEDBACK_PARTS)


def _is_zone(name: str) -> bool:
    try:
        zone_of(name)
    except (KeyError, ValueError, OSError):
        return False
    return True

"""Writes down a persona's life step by step, with the identifiers each channel would know."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from services.cli.simulate.catalog import NEWSLETTER, Campaign
from services.cli.simulate.pains import PAINS, PainName, Planted
from services.cli.simulate.persona import CRAWLER, Persona
from services.cli.simulate.step import Step

if TYPE_CHECKING:
    from services.cli.simulate.tempo import Tempo
    from services.contracts.touchpoint import Call, Channel

_NETWORK_SECONDS_MAX = 0.2  # from the event to its leaving the device
_LIBRARIES = {"website": "analytics-next", "app": "analytics-kotlin"}
_SHOP = "https://shop.example.com"


class GaveUpError(Exception):
    """The person leaves for good; what was noted so far is the whole life."""


class Diary:
    """The steps so far, and the persona's clock (`now_us`), which only goes on."""

    def __init__(
        self,
        persona: Persona,
        rng: Random,
        tempo: Tempo,
        start_us: int,
        planted: Planted | None = None,
    ) -> None:
        self.persona = persona
        self.rng = rng
        self.now_us = start_us
        self.signed_in: set[Channel] = set()  # devices on which it is known who this is
        self.steps: list[Step] = []
        self.campaign: Campaign | None = None  # of the visit; forgotten over night
        self.mail_click: Step | None = None  # the last step that came by a newsletter
        self.saw_experiment = False
        self.struck: dict[PainName, str] = {}  # with the message in which it can be seen
        self._planted = planted or Planted()
        # Of its own: without pain the same seed plays the same lives up to where it strikes.
        self._fate = Random(f"fate:{persona.index}:{start_us}")  # noqa: S311 - a play, no secret
        self._tempo = tempo
        self._serial = 0

    def wait(self, low_seconds: float, high_seconds: float) -> None:
        """Lets some of the persona's own seconds pass."""
        own = self.rng.uniform(low_seconds, high_seconds)
        self.now_us += int(self._tempo.seconds(own) * 1_000_000)

    def sleep(self, low_days: float, high_days: float) -> None:
        """Lets days pass."""
        self.now_us += int(self._tempo.days(self.rng.uniform(low_days, high_days)) * 1_000_000)
        self.campaign = None

    def hurts(self, name: PainName, step: Step | None = None) -> bool:
        """Whether this pain strikes the person now, or at an earlier step of the life."""
        if not self._planted.strikes_at(name, step.at_us if step else self.now_us):
            return False
        return self._fate.random() < PAINS[name].share

    def gives_up(self, share: float) -> bool:
        """Whether whom a pain has struck is among this share of them."""
        return self._fate.random() < share

    def mark(self, name: PainName, step: Step | None = None) -> None:
        """Notes that a step, else the last one, is the first in which this pain can be seen."""
        self.struck.setdefault(name, (step or self.steps[-1]).message_id)

    def serial(self, what: str) -> str:
        """A new id of a cart, an order or a message, unique in the run."""
        self._serial += 1
        return f"{what}-{self.persona.user_id[2:]}-{self._serial}"

    def track(
        self,
        channel: Channel,
        event: str,
        properties: dict[str, Any] | None = None,
        *,
        late_seconds: float = 0,
    ) -> None:
        """Notes a deed; `late_seconds` of the persona later the event leaves the device."""
        step = self._step(channel, "track", event)
        offline_us = int(self._tempo.seconds(late_seconds) * 1_000_000) if late_seconds else 0
        sent_us = step.sent_us + offline_us
        self.steps.append(replace(step, properties=properties or {}, sent_us=sent_us))
        self.wait(10, 60)

    def view(self, path: str, *, channel: Channel = "website") -> None:
        """Notes a look at a page of the website, or at a screen of the app."""
        call: Call = "screen" if channel == "app" else "page"
        step = self._step(channel, call, call)
        properties = {"name": path.strip("/") or "home", "path": path}
        context = dict(step.context)
        if call == "page":
            query = self.campaign.query if self.campaign else ""
            context["page"] = {"path": path, "url": f"{_SHOP}{path}{query}"}
        self.steps.append(replace(step, properties=properties, context=context))
        self.wait(8, 40)

    def identify(self, channel: Channel) -> None:
        """The person signs in on a device: from here on it is known there who this is."""
        self.signed_in.add(channel)
        step = self._step(channel, "identify", "identify")
        self.steps.append(replace(step, traits=self.persona.traits))
        self.wait(5, 20)

    def subscribe(self, channel: Channel = "website") -> None:
        """The visitor leaves an e-mail address, or a mail's link tells it; there is no account."""
        step = self._step(channel, "identify", "identify")
        self.steps.append(replace(step, traits={"email": self.persona.email}))
        self.wait(5, 20)

    def crawl(self, path: str) -> None:
        """A crawler reads a page."""
        step = self._step("website", "page", "page")
        context = {"userAgent": CRAWLER, "page": {"path": path}}
        self.steps.append(replace(step, properties={"path": path}, context=context))
        self.wait(1, 5)

    def _step(self, channel: Channel, call: Call, event: str) -> Step:
        """An event of this moment, which leaves the device at once."""
        # What happens next leaves after it.
        delay = self.rng.uniform(0.01, min(_NETWORK_SECONDS_MAX, self._tempo.gap_seconds_min))
        return Step(
            message_id=self.serial("m"),
            at_us=self.now_us,
            sent_us=self.now_us + int(delay * 1_000_000),
            channel=channel,
            call=call,
            event=event,
            ids=self._ids(channel),
            context=self._context(channel),
        )

    def _ids(self, channel: Channel) -> dict[str, str]:
        """What this channel knows of the person: a cookie, an address, a number."""
        person = self.persona
        chats_from = person.app_id if person.shops_on == "app" else person.browser_id
        ids = {
            "website": {"anonymous_id": person.browser_id},
            "app": {"anonymous_id": person.app_id},
            "email": {"email": person.email},
            "chatbot": {"anonymous_id": chats_from, "telegram": person.telegram},
            "phone": {"phone": person.phone},
            "offline": {},
        }[channel]
        device = channel in ("website", "app")
        if channel in self.signed_in or (self.signed_in and not device and channel != "email"):
            ids["user_id"] = person.user_id
        return ids

    def _context(self, channel: Channel) -> dict[str, Any]:
        nation = self.persona.nation
        context: dict[str, Any] = {"locale": nation.locale, "timezone": nation.timezone}
        if channel in _LIBRARIES:
            context["library"] = {"name": _LIBRARIES[channel]}
        if channel == "website":
            context["userAgent"] = self.persona.browser_agent
        elif channel == "app":
            context |= self.persona.device.context
        campaign = NEWSLETTER if channel == "email" else self.campaign
        if campaign is not None and channel in ("website", "email"):
            context["campaign"] = campaign.context
        return context

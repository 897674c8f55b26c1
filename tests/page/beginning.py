"""A system without a customer, and how its page teaches to send the first event."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from tests.waiting import until

if TYPE_CHECKING:
    from tests.e2e.stack import Stack
    from tests.page.viewing import View


class Beginning(NamedTuple):
    """`shown`: the command of the page; `status`: what came of it with a key; `filled`: numbers
    that the page then had, without being loaded again; `faults`: of axe, while it was empty."""

    shown: list[str]
    status: int
    filled: list[str]
    faults: list[str]
    errors: list[str]


async def first_event(view: View, stack: Stack) -> Beginning:
    """The command that the empty page shows is run with a write key in the place of KEY."""
    faults = await view.faults_by_axe()
    shown = shlex.split(await view.page.locator("mp-map-empty pre").inner_text())
    told = dict(zip(shown[2::2], shown[3::2], strict=True))
    name, _, value = told["-H"].partition(": ")
    headers = {name: value.replace("KEY", stack.key())}
    answer = await stack.http.post(shown[1], headers=headers, content=told["-d"])

    async def look() -> list[str] | None:
        """The sections are counted anew one after another, the map among them."""
        labels = [one["label"] for one in await view.figures() if one["people"]]
        return labels if any(label.endswith("People now") for label in labels) else None

    filled = await until(look)
    return Beginning(shown, answer.status_code, filled, faults, view.errors)

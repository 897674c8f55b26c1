"""`--pain`, as `milepost simulate` and `milepost up` take it."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import typer

from services.cli.simulate.pains import OF_THE_DEMO, PainName, chosen, told

PainOption = Annotated[
    list[PainName] | None,
    typer.Option(
        "--pain",
        metavar="NAME",
        help=f"Plant a pain, to be found on the map: {', '.join(PainName)}.",
    ),
]


class Demo(NamedTuple):
    """What `milepost up --demo` plants, as asked for; `is_told`: and says."""

    pains: tuple[PainName, ...] = ()
    is_told: bool = False

    @property
    def arguments(self) -> tuple[str, ...]:
        """For `milepost simulate`."""
        return ("--demo", *(word for name in self.pains for word in ("--pain", str(name))))

    @property
    def lines(self) -> list[str]:
        """What is told of it."""
        return told(chosen(self.pains, OF_THE_DEMO)) if self.is_told else []

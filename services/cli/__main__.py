"""`milepost`: every verb, each in a file of its own."""

from __future__ import annotations

import typer

from services.cli import customer, journey, roles, source, tail
from services.cli.simulate.command import simulate

app = typer.Typer(
    name="milepost",
    help="Touchpoint events in, journey stages and abandonment signals out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

journeys = typer.Typer(help="Journey definitions.", no_args_is_help=True)
journeys.command("check")(journey.check)
journeys.command("show")(journey.show)
app.add_typer(journeys, name="journey")

app.command("api")(roles.api)
app.command("worker")(roles.worker)
app.command("migrate")(roles.migrate)
app.command("topics")(roles.topics)
app.add_typer(source.app, name="source")
app.command("simulate")(simulate)
app.command("customer")(customer.customer)
app.command("tail")(tail.tail)


def main() -> None:
    """The `milepost` command."""
    app()


if __name__ == "__main__":
    main()

"""`milepost journey ...`: what is done with journey definitions."""

from __future__ import annotations

import typer

from services.cli import journey, publish
from services.cli.backtest.command import backtest

app = typer.Typer(help="Journey definitions.", no_args_is_help=True)
app.command("check")(journey.check)
app.command("show")(journey.show)
app.command("publish")(publish.publish)
app.command("backtest")(backtest)

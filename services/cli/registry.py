"""Where each verb of `milepost` is, so that one verb is loaded without all the others."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from importlib import import_module

import typer

from services.cli.examples import epilog
from services.cli.helping import Group, Verb, flowing

PROGRAM = "milepost"
# In the order in which the help shows them.
VERBS = {
    "up": "services.cli.up_verb:up_command",
    "ingest": "services.cli.roles.ingest:run",
    "api": "services.cli.roles.api:run",
    "worker": "services.cli.roles.worker:run",
    "migrate": "services.cli.roles.schema:run",
    "topics": "services.cli.roles.topic:run",
    "simulate": "services.cli.simulate.command:simulate",
    "customer": "services.cli.customer:customer",
    "explain": "services.cli.explain:explain",
    "erase": "services.cli.erase:erase",
    "link": "services.cli.link:link",
    "unlink": "services.cli.link:unlink",
    "tail": "services.cli.tail:tail",
    "email-link": "services.cli.email_link:email_link",
    "import": "services.cli.importing.command:import_command",
    "export": "services.cli.exporting.command:export_command",
    "replay": "services.cli.replay:replay",
    "doctor": "services.cli.doctor.command:doctor",
    "bench": "services.cli.bench.command:bench",
    "journey": "services.cli.journey_verbs:app",
    "source": "services.cli.source:app",
    "watermark": "services.cli.watermark:app",
    "dead-letters": "services.cli.dead_letters:app",
}


def app_of(verbs: Iterable[str]) -> typer.Typer:
    """The command line with these verbs, whose modules are loaded."""
    app = bare_app()
    for verb in verbs:
        module, _, attribute = VERBS[verb].partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            for command in found.registered_commands:
                name = command.name or getattr(command.callback, "__name__", "")
                command.epilog = epilog(f"{verb} {name}")
                command.help = flowing(command.callback)
                command.cls = Verb
            app.add_typer(found, name=verb, cls=Group)
        else:
            app.command(verb, cls=Verb, epilog=epilog(verb), help=flowing(found))(found)
    return app


def bare_app() -> typer.Typer:
    """The command line without verbs."""
    app = typer.Typer(
        name=PROGRAM,
        cls=Group,
        help="Touchpoint events in, journey stages and abandonment signals out.",
        epilog="Begin with `milepost up --demo`, and open the map that it names. "
        "`milepost VERB --help` has examples.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(_whatever_the_verb)
    return app


def _whatever_the_verb() -> None:
    # With it a command line of one verb still asks for the verb's name.
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        # From here on a verb may have something to put in order when it is interrupted.
        signal.signal(signal.SIGINT, signal.default_int_handler)

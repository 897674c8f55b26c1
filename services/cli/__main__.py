"""`milepost`: a role or a verb is loaded by itself, none of them for the help."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

# Loaded alone, so that a role's process neither waits for nor holds what the others need.
ROLES = {
    "ingest": "services.cli.roles.ingest",
    "worker": "services.cli.roles.worker",
    "api": "services.cli.roles.api",
}


def main() -> None:
    """The `milepost` command. Until a verb begins, Ctrl-C ends it without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Amid imports it would be a traceback. The verbs' callback takes this back.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    role = ROLES.get(sys.argv[1]) if len(sys.argv) == 2 else None
    if role is not None:
        import_module(role).run()
        return
    registry = import_module("services.cli.registry")
    verb = verb_of(sys.argv, os.environ)
    # One verb starts in a fraction of the time that all of them take to load.
    outline = import_module("services.cli.outline").outline
    app = registry.app_of([verb]) if verb in registry.VERBS else outline()
    app(prog_name=registry.PROGRAM)


def verb_of(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """The verb that is to be run, or whose options a shell wants completed; empty: none yet."""
    if "_MILEPOST_COMPLETE" not in environment:
        return arguments[1] if len(arguments) > 1 else ""
    # Bash says the line in the first, other shells in the second.
    line = environment.get("COMP_WORDS", environment.get("_TYPER_COMPLETE_ARGS", ""))
    words = line.split()
    is_whole = len(words) > 2 or line[-1:].isspace()
    return words[1] if len(words) > 1 and is_whole else ""


if __name__ == "__main__":
    main()

"""`milepost`: a role or a verb is loaded by itself, all of them for the help."""

from __future__ import annotations

import sys
from importlib import import_module

# Loaded alone, so that a role's process neither waits for nor holds what the others need.
ROLES = {
    "ingest": "services.cli.roles.ingest",
    "worker": "services.cli.roles.worker",
    "api": "services.cli.roles.api",
}


def main() -> None:
    """The `milepost` command."""
    role = ROLES.get(sys.argv[1]) if len(sys.argv) == 2 else None
    if role is not None:
        import_module(role).run()
        return
    registry = import_module("services.cli.registry")
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    if verb in registry.VERBS:
        # One verb starts in a fraction of the time that all of them take to load.
        registry.app_of([verb])()
    else:
        import_module("services.cli.verbs").app()


if __name__ == "__main__":
    main()

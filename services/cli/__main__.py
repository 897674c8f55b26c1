"""`milepost`: a role starts by itself, every other verb goes through the whole command line."""

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
    else:
        import_module("services.cli.verbs").app()


if __name__ == "__main__":
    main()

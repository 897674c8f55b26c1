"""`milepost ingest`."""

from __future__ import annotations

from services.cli.given import refuse
from services.cli.roles.foreground import settings_of_role
from services.ingest import run as ingest_role


def run() -> None:
    """Take events over HTTP and publish them to Kafka."""
    settings = settings_of_role(kafka=True)
    if settings.sources_file is None:
        refuse("set MILEPOST_SOURCES_FILE to the file that `milepost source add` writes")
    try:
        ingest_role.run(settings)
    except (ingest_role.ListenError, ingest_role.InstanceError) as error:
        refuse(str(error))

"""Writes `kafka.lock.toml` anew: `python -m services.cli.local.relock KAFKA_VERSION`.

Resolves what the broker needs, fetches it and pins each jar by its sha256. The one module that
trusts what a repository says; review the difference it makes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import jgo

from services.cli.local.jar import Jar, sha256_of
from services.cli.local.jars import LOCK_FILE

# The broker's own dependencies name no logger, and it would run silent. The "!" keeps the
# logger from deciding on the versions of everything else.
ENDPOINT = "org.apache.kafka:kafka_2.13:{version}+org.apache.logging.log4j:log4j-slf4j-impl:2.24.3!"
HEAD = """\
# The jars of the embedded Kafka, checked at every start.
# Written by: python -m services.cli.local.relock {version}
kafka = "{version}"
"""
ENTRY = """
[[jar]]
coordinate = "{jar.coordinate}"
sha256 = "{jar.sha256}"
bytes = {jar.bytes}
"""


def relock(version: str) -> str:
    """The lock's text for a Kafka version."""
    jars = []
    for artifact in jgo.resolve(ENDPOINT.format(version=version)):
        with tempfile.TemporaryDirectory() as folder:
            artifact.context.repo_cache = Path(folder)
            file = artifact.resolve()
            coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            jars.append(Jar(coordinate, sha256_of(file), file.stat().st_size))
    entries = [ENTRY.format(jar=jar) for jar in sorted(jars, key=lambda jar: jar.coordinate)]
    return HEAD.format(version=version) + "".join(entries)


if __name__ == "__main__":
    LOCK_FILE.write_text(relock(sys.argv[1]), "utf-8")

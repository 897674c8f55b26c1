"""A cache of Kafka's loaded classes, made once in the background; it halves the next starts."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.local.child import Child, ChildSpec
from services.cli.local.errors import LocalStackError
from services.cli.local.folder import FolderLock, require_space
from services.cli.local.kafka_config import broker_command, format_command, write_config
from services.cli.local.ports import kept
from services.cli.local.probe import answers

if TYPE_CHECKING:
    from services.cli.local.jars import KafkaJars
    from services.cli.local.java import Java

START_SECONDS_MAX = 120
FORMAT_SECONDS_MAX = 60
ASSEMBLY_SECONDS_MAX = 300
# Behind everything else on the machine.
NICENESS = 19
CLUSTER_ID = "AAAAAAAAQACAAAAAAAAAAA"


def cache_file(java: Java, jars: KafkaJars) -> Path:
    """Where the cache for this Java and this Kafka is, or will be."""
    return jars.folder / "aot" / f"java-{java.version}.aot"


def options(java: Java, jars: KafkaJars) -> tuple[str, ...]:
    """What makes the JVM use the cache; nothing when there is none."""
    file = cache_file(java, jars)
    return (f"-XX:AOTCache={file}",) if java.makes_aot_cache and file.exists() else ()


async def make_cache(java: Java, jars: KafkaJars) -> None:
    """The cache is there afterwards, unless another run makes it or something stands in the way:
    it is a convenience, so no trouble with it is anyone's error. Cancelling leaves no process."""
    file = cache_file(java, jars)
    if not java.makes_aot_cache or file.exists():
        return
    held = FolderLock(file.parent, "The class cache of Kafka")
    try:
        held.acquire()
        require_space(file.parent)
    except LocalStackError:
        held.release()
        return
    folder = Path(tempfile.mkdtemp(prefix="training-", dir=file.parent))
    try:
        await _train(java, jars, folder, file)
    except (OSError, LocalStackError, TimeoutError):
        file.unlink(missing_ok=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        held.release()


async def _train(java: Java, jars: KafkaJars, folder: Path, file: Path) -> None:
    """Runs a broker of its own from start to a clean end, which writes the cache."""
    ports = kept(folder / "ports.json", ("broker", "controller"))
    write_config(folder, ports)
    await _run(_spec(folder, format_command(java, jars, CLUSTER_ID)), FORMAT_SECONDS_MAX)
    partial = folder / file.name
    broker = Child(_spec(folder, broker_command(java, jars, (f"-XX:AOTCacheOutput={partial}",))))
    try:
        await answers(ports["broker"], broker, START_SECONDS_MAX)
        await broker.stop(ASSEMBLY_SECONDS_MAX)
    finally:
        await broker.kill()
    if partial.exists():
        partial.replace(file)


async def _run(spec: ChildSpec, seconds_max: float) -> None:
    child = Child(spec)
    try:
        await child.wait(seconds_max)
    finally:
        await child.kill()


def _spec(folder: Path, argv: tuple[str, ...]) -> ChildSpec:
    return ChildSpec(
        name="kafka training",
        argv=argv,
        folder=folder,
        log_file=folder / "training.txt",
        record_file=folder / "training.json",
        niceness=NICENESS,
    )

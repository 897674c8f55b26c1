"""What the embedded broker is told: one node, small internal topics, quick to come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.cli.local.ports import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path

    from services.cli.local.jars import KafkaJars
    from services.cli.local.java import Java

NODE_ID = 1
PROPERTIES_FILE = "server.properties"
LOGGING_FILE = "log4j2.properties"
# Relative to the folder the broker runs in: no path needs escaping then.
LOG_DIR = "log"
# Warnings of the JVM about Kafka's own code, which nobody here can heed.
QUIET_JAVA_MIN = 24
QUIET = (
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)

SERVER = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={node}@{host}:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{broker},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={log_dir}
auto.create.topics.enable=false
log.message.timestamp.type=LogAppendTime

# One node holds the only copy of everything, and few partitions of Kafka's own do.
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1

# After a kill the controller waits for the dead broker's session before it lets it back.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000

# The defaults are for a machine of its own: the cleaner alone would take half of the heap.
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.dedupe.buffer.size=8388608
log.cleaner.io.buffer.size=131072
"""

LOGGING = """\
status=warn
appender.stdout.type=Console
appender.stdout.name=stdout
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=%d{yyyy-MM-dd HH:mm:ss,SSS} %p %m (%c{1})%n
rootLogger.level=warn
rootLogger.appenderRef.stdout.ref=stdout
"""


def write_config(folder: Path, ports: dict[str, int]) -> None:
    """`folder` holds the broker's settings for these ports."""
    text = SERVER.format(node=NODE_ID, host=LOOPBACK, log_dir=LOG_DIR, **ports)
    (folder / PROPERTIES_FILE).write_text(text, "ascii")
    (folder / LOGGING_FILE).write_text(LOGGING, "ascii")


def java_command(java: Java, jars: KafkaJars, options: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The start of a command line, up to the class that is to run."""
    return (
        str(java.program),
        "-Xmx256m",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        "-Dlog4j.shutdownHookEnabled=false",
        *(QUIET if java.major >= QUIET_JAVA_MIN else ()),
        f"-Dlog4j2.configurationFile={LOGGING_FILE}",
        *options,
        "-cp",
        jars.class_path,
    )


def broker_command(java: Java, jars: KafkaJars, options: tuple[str, ...] = ()) -> tuple[str, ...]:
    return (*java_command(java, jars, options), "kafka.Kafka", PROPERTIES_FILE)


def format_command(java: Java, jars: KafkaJars, cluster_id: str) -> tuple[str, ...]:
    """Prepares an empty log folder; leaves one that is prepared as it is."""
    words = ("format", "--cluster-id", cluster_id, "--ignore-formatted")
    # A short run, where optimizing the code costs more than it gives.
    command = java_command(java, jars, ("-XX:TieredStopAtLevel=1",))
    return (*command, "kafka.tools.StorageTool", *words, "--config", PROPERTIES_FILE)

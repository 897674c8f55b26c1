"""PostgreSQL: reachable, at head, durable, with room for our connections, its clock ours."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from services.cli.doctor.clocks import judge_clock
from services.cli.doctor.examine import UnreachableError, in_thread
from services.cli.doctor.finding import Finding, fail, ok, or_ok, warn
from services.journey_state.computed_by import GROUPS, as_the_workers
from services.journey_state.definition import DefinitionError, read_definition
from services.journey_state.migrate import driver_url, revisions
from services.journey_state.store import set_up
from services.journey_state.store.definitions import newest_definition
from services.journey_state.store.pool import TRANSIENT, snapshot_of
from services.journey_state.store.set_up import Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.journey_state.store.definitions import DefinitionRow
    from services.journey_state.store.pool import Connection
    from services.settings import Settings

DATABASE = "database"
SERVER = "database server"
DURABILITY = "database durability"
CONNECTIONS = "database connections"
CLOCK = "database clock"
SCHEMA = "database schema"
JOURNEY = "journey in force"
COMPUTED_BY = "worker's settings"
COVERS = (SERVER, DURABILITY, CONNECTIONS, CLOCK, SCHEMA, JOURNEY, COMPUTED_BY)
FIX = "check MILEPOST_DATABASE__URL, and that PostgreSQL runs and can be reached from here"

VERSION_MIN = 150000  # the oldest that the tests were run on
_DURABLE = {
    "fsync": "a crash of the machine may destroy the database",
    "full_page_writes": "a crash of the machine may destroy pages of the database",
}


async def look(settings: Settings) -> list[Finding]:
    """What is to be said of the database that the settings name."""
    url = settings.database.url
    if not url:
        fix = "set MILEPOST_DATABASE__URL to postgresql://user:password@host:5432/name"
        raise UnreachableError("MILEPOST_DATABASE__URL is not set", fix)
    async with _connected(url) as connection:
        before = _now_us()
        server = await set_up.server(connection)
        after = _now_us()
        revision = await set_up.schema_revision(connection)
        found = [
            ok(DATABASE, "answers, and takes the user and password"),
            *judge_server(server),
            *judge_durability(server.settings),
            judge_connections(server, settings.database.pool_max),
            *judge_clock(CLOCK, "PostgreSQL's", server.now, (before, after)),
            schema := judge_schema(revision, revisions()),
        ]
        if schema.status == "fail":
            why = f"needs what `{SCHEMA}` has not"
            return [*found, *(Finding(one, "skip", why) for one in (JOURNEY, COMPUTED_BY))]
        in_force = await newest_definition(connection)
        told = await as_the_workers(connection, settings)
    return [*found, await _journey(settings, in_force), *judge_told(settings, told)]


def judge_server(server: Server) -> list[Finding]:
    """A server that is too old, or on which nothing can be written, will not do."""
    version = f"{server.version // 10000}.{server.version % 10000}"
    found = list(_server_faults(server, version))
    return or_ok(found, SERVER, f"PostgreSQL {version}, writable, UTF-8")


def _server_faults(server: Server, version: str) -> Iterator[Finding]:
    if server.version < VERSION_MIN:
        what = (
            f"PostgreSQL {version} runs, and {VERSION_MIN // 10000} is the oldest that is supported"
        )
        yield fail(SERVER, what, f"upgrade it to {VERSION_MIN // 10000} or newer")
    if server.is_standby:
        what = "it is a standby, where nothing can be written"
        yield fail(SERVER, what, "let MILEPOST_DATABASE__URL name the primary")
    if not server.writes:
        what = "this user may not write the tables"
        yield fail(
            SERVER, what, "let MILEPOST_DATABASE__URL name the user that `milepost migrate` ran as"
        )
    encoding = server.settings.get("server_encoding")
    if encoding != "UTF8":
        what = f"the database has the encoding {encoding}, so that not every event can be stored"
        yield fail(SERVER, what, "create the database with `ENCODING 'UTF8' TEMPLATE template0`")


def judge_durability(settings: dict[str, str]) -> list[Finding]:
    """What was processed must outlive a crash: offsets and effects are one transaction."""
    found = [
        fail(DURABILITY, f"{name} is off: {harm}", f"set {name} = on in postgresql.conf, reload")
        for name, harm in _DURABLE.items()
        if settings.get(name) == "off"
    ]
    if settings.get("synchronous_commit") == "off":
        what = (
            "synchronous_commit is off: a crash may take back the last transactions; events are"
            " processed again, but what was answered to an operator may be lost"
        )
        found.append(warn(DURABILITY, what, "set synchronous_commit = on for the user or server"))
    return or_ok(found, DURABILITY, "fsync, full_page_writes and synchronous_commit are on")


def judge_connections(server: Server, pool_max: int) -> Finding:
    """One worker and one API must find room; more processes are not known here."""
    wanted = 2 * pool_max + 2  # what operators change goes over connections of its own
    there = f"{server.connections_max} connections are allowed, {server.connections} are in use"
    what = f"{there}, and a worker and an API take up to {wanted}"
    if server.connections_max < wanted:
        fix = "raise max_connections (or the user's limit), or lower MILEPOST_DATABASE__POOL_MAX"
        return fail(CONNECTIONS, what, fix)
    if server.connections_max < wanted + max(0, server.connections - wanted):
        fix = "raise max_connections before more processes start"
        return warn(CONNECTIONS, what, fix)
    return ok(CONNECTIONS, what)


def judge_schema(revision: str | None, known: Sequence[str]) -> Finding:
    """Whether the migrations that were applied are those that this version has; head first."""
    head = known[0]
    if revision is None:
        return fail(SCHEMA, "there are no tables", "run `milepost migrate`")
    if revision == head:
        return ok(SCHEMA, f"at head, {head}")
    if revision in known:
        behind = known.index(revision)
        what = f"at {revision}, {behind} migrations behind {head}"
        return fail(SCHEMA, what, "run `milepost migrate`, then restart the roles")
    what = f"at {revision}, which this version does not know: a newer one has migrated it"
    return fail(SCHEMA, what, f"run the newer version of Milepost here; this one ends at {head}")


class Given(NamedTuple):
    """The journey file: its version, and its name to the eye."""

    file: str
    version: str


def judge_journey(given: Given | None, in_force: DefinitionRow | None) -> Finding:
    """The worker does not start where the file is another definition than the one in force."""
    if in_force is None:
        what = "no definition is in force yet"
        return ok(
            JOURNEY, f"{what}: the worker begins with {given.file if given else 'the shipped one'}"
        )
    name = f"{in_force.journey} {in_force.version}"
    if given is not None and given.version != in_force.version:
        what = f"{name} is in force, and {given.file} is {given.version}: no worker starts with it"
        fix = (
            f"`milepost journey publish {given.file}` puts it in force; unset MILEPOST_JOURNEY_FILE"
            " to go on with the other"
        )
        return fail(JOURNEY, what, fix)
    return ok(JOURNEY, f"{name} is in force")


def judge_told(given: Settings, told: Settings) -> list[Finding]:
    """Whether the environment here says what the worker that started last computes by."""
    differ = []
    for group in sorted(GROUPS):
        here, there = getattr(given, group).model_dump(), getattr(told, group).model_dump()
        differ += [
            f"MILEPOST_{group.upper()}__{name.upper()} is {here[name]} here and {there[name]} there"
            for name in here
            if here[name] != there[name]
        ]
    found = [
        warn(COMPUTED_BY, one, "give every worker and this command the same environment")
        for one in differ
    ]
    return or_ok(found, COMPUTED_BY, "the same as here")


async def _journey(settings: Settings, in_force: DefinitionRow | None) -> Finding:
    file = settings.journey_file
    try:
        read = await in_thread(lambda: read_definition(file)) if file else None
    except DefinitionError:
        return Finding(JOURNEY, "skip", "needs a valid journey file")
    given = Given(str(file), read.version) if read else None
    return judge_journey(given, in_force)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection]:
    try:
        driver_url(url)
    except ValueError as error:
        fix = "write it as postgresql://user:password@host:5432/name"
        raise UnreachableError(f"MILEPOST_DATABASE__URL: {error}", fix) from None
    try:
        async with snapshot_of(url) as connection:
            yield connection
    except TRANSIENT as error:
        raise UnreachableError(_said(error), FIX) from error


def _said(error: BaseException) -> str:
    return str(error).partition("\n")[0] or f"no answer ({type(error).__name__})"


def _now_us() -> int:
    return time.time_ns() // 1000

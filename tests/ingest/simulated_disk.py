"""A disk in memory that forgets what was not synced, fails when told, and lies as disks do."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from random import Random

ERRORS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO}


class PowerCutError(Exception):
    """The machine is gone in the middle of an act."""


@dataclass
class Inode:
    """A file's bytes as the running system shows them, and as they are on the platter."""

    content: bytes = b""
    platter: bytes = b""
    # Of a sync that failed the system forgets what it had yet to write: the next one succeeds.
    is_forgotten: bool = False

    def sync(self) -> None:
        if not self.is_forgotten:
            self.platter = self.content

    def after_power_cut(self, chosen: Random) -> Inode:
        """What was not synced is there in part, as zeros, as rubbish, or not at all."""
        kept, loose = self.platter, self.content[len(self.platter) :]
        if not self.content.startswith(self.platter):  # it was cut, and the cut not synced
            kept, loose = chosen.choice([self.content, self.platter]), b""
        loose = loose[: chosen.randint(0, len(loose))]
        if loose and chosen.random() < 0.5:
            at = chosen.randrange(len(loose))
            rest = len(loose) - at
            loose = loose[:at] + (bytes(rest) if chosen.random() < 0.5 else chosen.randbytes(rest))
        return Inode(kept + loose, kept + loose)


@dataclass
class Fault:
    """Strikes the act of that number, counted from now."""

    acts: int
    kind: str  # an error's name, or "power"


@dataclass
class SimulatedDisk:
    """A `Disk`. Names are as durable as the folder's last sync."""

    files: dict[str, Inode] = field(default_factory=dict)
    synced: dict[str, Inode] = field(default_factory=dict)
    created: dict[str, Inode] = field(default_factory=dict)
    changes: list[tuple[str, str, str]] = field(default_factory=list)  # not synced yet
    fault: Fault | None = None
    random: Random = field(default_factory=lambda: Random(0))

    def names(self) -> list[str]:
        return list(self.files)

    def create(self, name: str) -> OpenFile:
        self.strike()
        assert name not in self.files
        self.files[name] = self.created[name] = Inode()
        self.changes.append(("create", name, ""))
        return OpenFile(self, self.files[name])

    def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        self.strike()
        return self.files[name].content[start:end]

    def truncate(self, name: str, size: int) -> None:
        self.strike()
        inode = self.files[name]
        inode.content = inode.content[:size]
        inode.sync()

    def rename(self, name: str, new_name: str) -> None:
        self.strike()
        self.files[new_name] = self.files.pop(name)
        self.changes.append(("rename", name, new_name))

    def remove(self, name: str) -> None:
        self.strike()
        if name not in self.files:
            raise FileNotFoundError(name)
        del self.files[name]
        self.changes.append(("remove", name, ""))

    def sync_names(self) -> None:
        self.strike()
        self.synced = dict(self.files)
        self.changes = []

    def strike(self) -> None:
        """Raises what is due now."""
        if self.fault is None:
            return
        self.fault.acts -= 1
        if self.fault.acts < 0:
            kind, self.fault = self.fault.kind, None
            if kind == "power":
                raise PowerCutError
            raise OSError(ERRORS[kind], kind)

    def after_power_cut(self) -> SimulatedDisk:
        """The disk as the next boot finds it: any of the unsynced changes of names is there."""
        names = dict(self.synced)
        for act, name, new_name in self.changes:
            if self.random.random() < 0.5:
                continue
            if act == "create":
                names[name] = self.created[name]
            elif name in names:
                inode = names.pop(name)
                if act == "rename":
                    names[new_name] = inode
        found = {name: inode.after_power_cut(self.random) for name, inode in names.items()}
        return SimulatedDisk(found, dict(found), random=self.random)


@dataclass
class OpenFile:
    """A `File` of the simulated disk."""

    disk: SimulatedDisk
    inode: Inode

    def write(self, data: bytes) -> None:
        try:
            self.disk.strike()
        except (OSError, PowerCutError):
            self.inode.content += data[: self.disk.random.randint(0, len(data))]
            raise
        self.inode.content += data

    def sync(self) -> None:
        try:
            self.disk.strike()
        except OSError:
            self.inode.is_forgotten = True
            raise
        self.inode.sync()

    def close(self) -> None:
        """Nothing becomes durable by it."""

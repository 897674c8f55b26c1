"""Becomes another program that cannot outlive its parent; run as a script, imports no project.

    python -I -S launch.py PARENT SIGNAL USER GROUP NICENESS PROGRAM ARGUMENT...

A script of its own, for code between fork and exec is unsafe in a process with threads.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Does not return. SIGNAL 0: live on when the parent dies; USER -1: stay who we are."""
    parent, signal, user, group, niceness = (int(argument) for argument in arguments[:5])
    program = arguments[5:]
    os.nice(niceness)
    if user >= 0:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    # After the change of user, which clears the death signal.
    if signal and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal)
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606  # a list of our own


if __name__ == "__main__":
    main(sys.argv[1:])

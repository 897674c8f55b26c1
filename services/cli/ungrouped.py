"""One error out of the group that a task group raises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ungrouped(kind: type[Exception]) -> Iterator[None]:
    """If the errors of a task group inside are all of `kind`, the first comes out by itself.

    One line is enough for a person: what else went wrong follows from it. Not `except*`: before
    Python 3.11.4 an error raised there is put into a group again.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        _, others = group.split(kind)
        if others is not None:
            raise
        raise _first(group) from None


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error

"""An error of a task group comes out by itself, on every Python that is supported."""

from __future__ import annotations

import asyncio

import pytest

from services.cli.ungrouped import ungrouped


async def fail(error: Exception) -> None:
    raise error


async def test_the_first_of_like_errors_comes_out_by_itself() -> None:
    with pytest.raises(OSError, match="first"), ungrouped(OSError):  # noqa: PT012
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail(OSError("first")))
            tasks.create_task(fail(OSError("second")))


async def test_a_group_with_another_error_stays_whole() -> None:
    with pytest.raises(ExceptionGroup) as raised, ungrouped(OSError):  # noqa: PT012
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail(OSError("first")))
            tasks.create_task(fail(ValueError("other")))

    assert {type(error) for error in raised.value.exceptions} == {OSError, ValueError}


def test_an_error_that_is_in_no_group_passes() -> None:
    with pytest.raises(OSError, match="alone"), ungrouped(OSError):
        raise OSError("alone")

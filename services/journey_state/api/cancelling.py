"""`DELETE /v1/deadlines/{id}`: one signal to come that shall not come."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from services.contracts.times import format_time
from services.journey_state.api.asking import Ask
from services.journey_state.api.deadlines import deadline_id
from services.journey_state.api.models import CancelledDeadline
from services.journey_state.api.problems import Problem, described
from services.journey_state.cancelling import DeadlineUnknownError, SignalExistsError, cancel

DEADLINE_CHARACTERS_MAX = 128

router = APIRouter(tags=["abandonment"])

DeadlinePath = Annotated[str, Path(alias="id", max_length=DEADLINE_CHARACTERS_MAX)]


@router.delete(
    "/v1/deadlines/{id}",
    responses=described(
        bad_request="Not the id of a deadline",
        not_found="No such deadline any more",
        conflict="The signal exists already",
    ),
)
async def cancel_deadline(which: DeadlinePath, ask: Ask) -> CancelledDeadline:
    """Cancel a deadline: its episode makes no signal, also when the past is computed again.

    New activity begins a new deadline. A second time changes nothing.
    """
    customer_id, deadline = _parts(which)
    try:
        async with ask.operator.acting() as act:
            owner, episode = await cancel(act, customer_id.bytes, deadline)
    except DeadlineUnknownError:
        detail = "There is no such deadline any more; GET /v1/deadlines lists those that wait"
        raise Problem(404, "deadline_unknown", detail) from None
    except SignalExistsError:
        detail = "The deadline has passed and its signal exists; GET /v1/signals shows it"
        raise Problem(409, "signal_exists", detail) from None
    return CancelledDeadline(
        id=deadline_id(UUID(bytes=owner), deadline),
        rule=episode.rule,
        scope=episode.scope,
        customer_id=str(UUID(bytes=owner)),
        last_activity_at=format_time(episode.last_at),
        due_at=format_time(episode.due),
    )


def _parts(text: str) -> tuple[UUID, str]:
    """The customer and the signal that the deadline would make."""
    customer, dot, deadline = text.partition(".")
    try:
        if dot:
            return UUID(customer), UUID(deadline).hex
    except ValueError:
        pass
    raise Problem(400, "bad_id", "A deadline's id is the `id` that GET /v1/deadlines shows")

"""`DELETE /v1/customers/{id}` and `.../export`: a person erased, and all that is held of one."""

from __future__ import annotations

from fastapi import APIRouter

from services.contracts.times import DAY_US
from services.journey_state import queries
from services.journey_state.api.asking import Ask, Asking, CustomerPath, find_customer, uuid_of
from services.journey_state.api.privacy_models import Receipt, receipt_of
from services.journey_state.api.problems import Problem, described
from services.journey_state.erasure import CustomerGoneError, erase
from services.journey_state.store import erasures

ATTEMPTS_MAX = 3

router = APIRouter(tags=["privacy"])


@router.delete(
    "/v1/customers/{id:path}",
    responses=described(bad_request="A bad id", not_found="No such customer"),
)
async def erase_customer(who: CustomerPath, ask: Ask) -> Receipt:
    """Erase a person. What they did up to now does not come back; what they do later is someone
    new's. The same id again gives the same receipt."""
    for _ in range(ATTEMPTS_MAX):
        erased = await _erased(who, ask)
        if erased is not None:
            return erased
        try:
            return await _erase(who, ask)
        except CustomerGoneError:
            continue
    raise Problem(409, "customer_changing", "The customer is being merged; try again")


async def _erased(who: str, ask: Asking) -> Receipt | None:
    """The receipt, if the id is that of someone erased."""
    customer_id = uuid_of(who.strip())
    if customer_id is None:
        return None
    async with ask.database.reading() as connection:
        found = await queries.receipt(connection, customer_id)
    return None if found is None else Receipt.model_validate(found)


async def _erase(who: str, ask: Asking) -> Receipt:
    async with ask.database.reading() as connection:
        found = await find_customer(connection, who)
    copies_us = ask.settings.retention.timeline_days * DAY_US
    async with ask.operator.acting() as act:
        erased = await erase(act, found.customer_id.bytes, copies_us=copies_us)
        receipt = receipt_of(erased, ask.settings)
        ids = [erased.customer_id, *erased.merged_ids]
        text = receipt.model_dump_json()
        await erasures.add_receipt(act.connection, ids, erased.erased_at, text)
        return receipt

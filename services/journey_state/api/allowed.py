"""`GET /v1/access`: who asks, and what they may see."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.journey_state.api.access import SCOPES, Holder
from services.journey_state.api.problems import described

router = APIRouter(tags=["operations"])


class AccessAnswer(BaseModel):
    """The holder of the token; without a token file this machine, which may all."""

    model_config = ConfigDict(extra="forbid")

    tokens: bool = Field(description="whether there is a token file")
    name: str | None = Field(description="of the token, or how its digest begins")
    scopes: list[str]


@router.get("/v1/access", responses=described())
async def access(request: Request) -> AccessAnswer:
    """Who asks: any token will do."""
    holder: Holder | None = getattr(request.state, "holder", None)
    if holder is None:
        return AccessAnswer(tokens=False, name=None, scopes=sorted(SCOPES))
    return AccessAnswer(tokens=True, name=holder.name, scopes=sorted(holder.scopes))

"""The journey definition: YAML and CEL, compiled to rules that a fold can ask (semantics 3)."""

from services.journey_state.definition.describe import describe
from services.journey_state.definition.load import load, version_of
from services.journey_state.definition.problem import DefinitionError, Problem
from services.journey_state.definition.rules import (
    NONE_STAGE,
    AbandonmentRule,
    Condition,
    Definition,
    EnterRule,
    EventMatch,
    EventRules,
    Moment,
    OverlayRule,
    Stage,
    TextOf,
    TouchpointName,
)
from services.journey_state.definition.schema import journey_schema
from services.journey_state.definition.shipped import (
    DEFAULT,
    DEFINITION_BYTES_MAX,
    read_definition,
    shipped,
    shipped_names,
)

__all__ = [
    "DEFAULT",
    "DEFINITION_BYTES_MAX",
    "NONE_STAGE",
    "AbandonmentRule",
    "Condition",
    "Definition",
    "DefinitionError",
    "EnterRule",
    "EventMatch",
    "EventRules",
    "Moment",
    "OverlayRule",
    "Problem",
    "Stage",
    "TextOf",
    "TouchpointName",
    "describe",
    "journey_schema",
    "load",
    "read_definition",
    "shipped",
    "shipped_names",
    "version_of",
]

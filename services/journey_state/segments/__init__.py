"""Segments: filters over traits and behaviour, named in a file."""

from services.journey_state.segments.load import load_segments, segments_schema
from services.journey_state.segments.rules import Behaviour, Segment

__all__ = ["Behaviour", "Segment", "load_segments", "segments_schema"]

"""Milepost: touchpoint events in, journey stages and abandonment signals out."""

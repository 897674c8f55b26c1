"""Touchpoints in, each customer's journey stage and abandonment signals out."""

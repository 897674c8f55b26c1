"""Seeded customers who live realistic journeys over HTTP, and what must come out of them."""

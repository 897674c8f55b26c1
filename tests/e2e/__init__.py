"""The whole system, as users meet it. A package, so that it stops with its last test."""

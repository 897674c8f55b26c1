"""Every SQL statement of the worker, each a named function on one connection."""

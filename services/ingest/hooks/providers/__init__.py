"""One file per provider: how its calls are known to be its own, and what they say."""

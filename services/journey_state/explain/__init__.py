"""Why a customer is in a stage or has a signal, and why not: the fold, looked at step by step."""

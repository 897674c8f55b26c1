"""One role in the foreground, a file each: a process loads what its role needs and no more."""

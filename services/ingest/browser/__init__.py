"""Scripts of others that browsers fetch from us, unchanged, each folder with its licence."""

"""The page, opened in a browser. A package, so that its system stops with its last test."""

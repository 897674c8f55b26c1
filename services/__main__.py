"""`python -m services` is `milepost`."""

from services.cli.__main__ import main

main()

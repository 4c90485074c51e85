"""`python -m fw.cli` is `fw`."""

from fw.cli import main

main()

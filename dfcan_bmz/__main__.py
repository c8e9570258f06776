"""``python -m dfcan_bmz``: the command line."""

from dfcan_bmz.cli import main

main()

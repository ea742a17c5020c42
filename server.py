"""Launcher for a checkout: ``python server.py`` is ``perfsvc serve``."""

import sys

from perfsvc.cli.commands import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))

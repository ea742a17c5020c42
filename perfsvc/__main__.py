"""A command as a process: ``perfsvc`` and ``python -m perfsvc``."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """Run the command line without garbage collection while modules are loaded and when the process ends.

    Loading makes many objects and hardly any garbage: 0.1 s of a start of 0.6 s went into looking for it.
    """
    gc.disable()  # until ``collecting_little``
    from perfsvc.cli import commands

    try:
        return commands.main()
    finally:
        gc.freeze()


if __name__ == "__main__":
    sys.exit(main())

"""No import circles, of any length, between modules. Imports for type checking count."""

from __future__ import annotations

import sys
from graphlib import CycleError
from graphlib import TopologicalSorter

import grimp


def main(packages: list[str]) -> int:
    """Print a circle. Return 1 if there is one."""
    graph = grimp.build_graph(*packages, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        print("import circle:", " <- ".join(error.args[1]))
        return 1
    print(f"{len(imports)} modules, no import circle")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

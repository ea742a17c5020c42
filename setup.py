"""One distribution: the service with its web UI, its built-in protocol plugins and its built-in data sources."""

import importlib.util
import os
import shutil
from pathlib import Path

from setuptools import Command
from setuptools import find_packages
from setuptools import setup
from setuptools.command.build import build

ROOT = Path(__file__).parent
PACKAGED_UI = Path("perfsvc", "web", "ui")
"""Where the built web UI lies within the package."""


def load_ui_build():
    """Return the module ``static/build.py``; None in a source that has no UI."""
    path = ROOT / "static" / "build.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location("perfsvc_ui_build", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


UI_BUILD = None if os.environ.get("PERFSVC_SKIP_UI") == "1" else load_ui_build()


class BuildUi(Command):
    """Builds the web UI: into the source tree for an editable install, else into the package."""

    description = "build the web UI"

    def initialize_options(self):
        self.build_lib = None
        self.editable_mode = False

    def finalize_options(self):
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def run(self):
        built = UI_BUILD.build()
        if not self.editable_mode:
            target = Path(self.build_lib) / PACKAGED_UI
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(built, target)

    def get_outputs(self):
        return [str(path) for path in (Path(self.build_lib) / PACKAGED_UI).rglob("*") if path.is_file()]

    def get_output_mapping(self):
        return {}

    def get_source_files(self):
        return []


# Last: build_py, which runs before, copies what an earlier build left behind.
if UI_BUILD is not None:
    build.sub_commands.append(("build_ui", None))

BUILTIN = find_packages("plugins")

RUNTIME = [
    "aiohttp>=3.14,<4",
    "argon2-cffi>=25.1",
    "backports.zstd>=1.8; python_version < '3.14'",
    "brotli>=1.2",
    "cryptography>=50",
    "cssselect>=1.6",
    # Server and agents must have the same version: what they say to each other is Dask's own.
    "dask==2026.8.0",
    "distributed==2026.8.0",
    "faker>=40",
    "grpcio>=1.85",
    "grpcio-reflection>=1.85",
    "grpcio-tools>=1.85",
    "hpack>=4.2,<5",
    "httptools>=0.9",
    "idna>=3.20",
    "jmespath>=1.1",
    "jsonpath-ng>=1.16",
    "jsonschema-rs>=0.61",
    "lxml>=6.1",
    "msgspec>=0.22",
    "numpy>=2.4",
    "packaging>=24",
    "peewee>=4.5.3",
    "picows>=2.3.1",
    "pluggy>=1.7",
    "protobuf>=7.36",
    "psutil>=7.2",
    "pycurl>=7.49",
    "pydantic>=2.14",
    "pyjwt>=2.15",
    "pymysql>=1.2.4",
    "python-socks>=3.2",
    "pyyaml>=6.0",
    "regex>=2026.1",
    "rich>=15",
    "sqlglot>=30.30,<31",
    "tornado>=6.6.1",
    "uvloop>=0.23; sys_platform != 'win32'",
    # Not imported by the service: examples/watch.py, which users run, reads the live feed with it.
    "websocket-client>=1.9.2",
]

TEST = [
    "aioquic>=1.7",
    "h2>=4.4",
    "hdrhistogram>=0.10",
    # examples/perfsvc-redis
    "hiredis>=3",
    "hypothesis>=6.170",
    "import-linter>=2.16",
    "jsonschema>=4.26",
    "mypy>=2.4",
    "openapi-spec-validator>=0.9",
    "playwright>=1.65",
    "psycopg[binary]>=3.3",
    # pytest-tornado 0.8.1 imports pkg_resources, which setuptools 82 removed, and uses a mark that pytest 10 drops.
    "pytest>=9.2,<10",
    "pytest-asyncio>=1.5",
    "pytest-timeout>=2.4",
    "pytest-tornado>=0.8.1",
    "pytest-xdist>=3.8",
    "ruff>=0.17",
    "setuptools<82",
    "types-grpcio",
    "types-grpcio-reflection",
    "types-protobuf",
    "types-psutil",
    "types-PyMySQL",
    "types-PyYAML",
    "types-regex",
    "websockets>=17",
]

setup(
    name="perfsvc",
    version="0.1.0",
    description="A self-hosted performance-testing platform in one process",
    python_requires=">=3.11",
    packages=[*find_packages(include=["perfsvc", "perfsvc.*"]), *BUILTIN],
    package_dir={name: "plugins/" + name.replace(".", "/") for name in BUILTIN},
    package_data={
        "perfsvc": ["py.typed"],
        "perfsvc.model": ["*.json"],
        "perfsvc.plugin.skeleton": ["files/*", "files/*/*"],
        "perfsvc.web": ["pages/*", "*.json"],
    },
    cmdclass={"build_ui": BuildUi},
    setup_requires=[] if UI_BUILD is None or UI_BUILD.node_fits() else [UI_BUILD.NODE_PACKAGE],
    install_requires=RUNTIME,
    extras_require={"test": TEST},
    entry_points={
        "console_scripts": ["perfsvc = perfsvc.__main__:main"],
        "perfsvc.plugins": [
            "data-api = perfsvc_datasources.api",
            "data-csv = perfsvc_datasources.csv",
            "data-database = perfsvc_datasources.database",
            "data-generator = perfsvc_datasources.generator",
            "data-pool = perfsvc_datasources.pool",
            "protocol-grpc = perfsvc_protocols.grpc",
            "protocol-http = perfsvc_protocols.http",
            "protocol-tcp = perfsvc_protocols.tcp",
            "protocol-udp = perfsvc_protocols.udp",
            "protocol-websocket = perfsvc_protocols.websocket",
        ],
    },
)

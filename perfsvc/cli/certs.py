"""``perfsvc certs``: the certificates of server and agents."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from perfsvc.cli.exit_codes import INTERNAL
from perfsvc.cli.exit_codes import PASSED
from perfsvc.clock import SystemClock
from perfsvc.clock import iso_z
from perfsvc.clock import utc_now
from perfsvc.errors import Text

if TYPE_CHECKING:  # most commands need no cryptography, which takes a while to load
    from perfsvc.cluster.certificates import Expiry

COLUMNS = (Text("证书", "certificate"), Text("有效期至", "ends"), Text("剩余天数", "days left"))


def add(commands: Any) -> None:
    """Add the command."""
    certs = commands.add_parser("certs", help="create the certificates for mutual TLS between server and agents")
    certs.add_argument("folder", metavar="DIR", type=Path)
    certs.add_argument("--host", action="append", metavar="NAME", help="host name or address of the server; repeatable")
    instead = certs.add_mutually_exclusive_group()
    instead.add_argument("--renew", action="store_true", help="issue new certificates of the same authority")
    instead.add_argument(
        "--check", action="store_true", help="show when they expire; exit code 1 within 30 days of expiry"
    )


def execute(chosen: argparse.Namespace, language: str) -> int:
    """Create, renew or check certificates."""
    from perfsvc.cluster.certificates import expiries
    from perfsvc.cluster.certificates import make_certificates
    from perfsvc.cluster.certificates import renew_certificates

    now = utc_now(SystemClock())
    if chosen.renew:
        renew_certificates(chosen.folder, now, chosen.host or ())
    elif not chosen.check:
        make_certificates(chosen.folder, chosen.host or (), now)
    expiry_dates = expiries(chosen.folder)
    show_certificates(expiry_dates, now, language)
    return INTERNAL if any(expiry.soon(now) for expiry in expiry_dates) else PASSED


def show_certificates(expiry_dates: Sequence[Expiry], now: datetime, language: str) -> None:
    """Print when each certificate expires."""
    from perfsvc.cli.tables import console
    from perfsvc.cli.tables import table

    shown = table(language, COLUMNS)
    for expiry in expiry_dates:
        shown.add_row(str(expiry.file), iso_z(expiry.ends), str(expiry.days(now)))
    console().print(shown)

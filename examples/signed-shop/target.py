"""The shop that plan.yaml loads: it verifies every signature and token.

Usage: target.py [PORT], with the key in SHOP_KEY and the RSA key (PEM) in SHOP_RSA_KEY, of which it uses the public
part. Without a port it takes a free one. It prints its address, and counts what it was asked for at /stats.
"""

from __future__ import annotations

import asyncio
import base64
import csv
import hashlib
import hmac
import json
import os
import sys
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any
from typing import ClassVar
from typing import cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.web import HTTPError
from tornado.web import RequestHandler

KEY = os.environ.get("SHOP_KEY", "").encode()
PAYER = cast(RSAPrivateKey, load_pem_private_key(os.environ["SHOP_RSA_KEY"].encode(), None)).public_key()
NUMBERS = count(1)
ACCOUNTS = dict(list(csv.reader(Path(__file__).with_name("accounts.csv").open(encoding="utf-8")))[1:])
ITEMS_ON_A_PAGE = 10


class Base(RequestHandler):
    """Replies in JSON; refuses what is not signed or has no token."""

    requests: ClassVar[Counter[str]] = Counter()

    def prepare(self) -> None:
        self.requests[f"{self.request.method} {self.request.path.split('/')[1]}"] += 1

    def verify_signature(self) -> None:
        """Raise 401 unless the header signs method, path, query and body."""
        request = self.request
        signed = "\n".join([str(request.method), request.path, request.query, request.body.decode()])
        wanted = base64.b64encode(hmac.digest(KEY, signed.encode(), hashlib.sha256))
        if not hmac.compare_digest(wanted, request.headers.get("X-Signature", "").encode()):
            raise HTTPError(401, "wrong signature")

    def buyer(self) -> str:
        """Return the account of the token. Raise 401."""
        account, _, mac = self.request.headers.get("Authorization", "").removeprefix("Bearer ").partition(".")
        if not hmac.compare_digest(token_of(account), f"{account}.{mac}"):
            raise HTTPError(401, "wrong token")
        return account

    def write_error(self, status_code: int, **more: Any) -> None:
        self.finish({"error": str(more["exc_info"][1])})


class Login(Base):
    def post(self) -> None:
        self.verify_signature()
        given = json.loads(self.request.body)
        if ACCOUNTS.get(given["account"]) != given["password"]:
            raise HTTPError(403, "wrong password")
        self.write({"token": token_of(given["account"])})


class Items(Base):
    def get(self) -> None:
        self.buyer()
        first = (int(self.get_query_argument("page")) - 1) * ITEMS_ON_A_PAGE
        self.write({"items": [{"id": first + number} for number in range(ITEMS_ON_A_PAGE)]})


class Item(Base):
    def get(self, number: str) -> None:
        self.buyer()
        self.write({"id": int(number), "price": 9.5})


class Orders(Base):
    def post(self) -> None:
        self.verify_signature()
        buyer, order = self.buyer(), json.loads(self.request.body)
        if not isinstance(order["item"], int):
            raise HTTPError(422, "item must be a number")
        self.set_status(201)
        self.write({"buyer": buyer, "item": order["item"], "order": next(NUMBERS)})


class Payments(Base):
    def post(self) -> None:
        self.buyer()
        request = self.request
        signature = base64.b64decode(request.headers.get("X-Signature", ""))
        try:
            PAYER.verify(signature, f"{request.path}\n{request.body.decode()}".encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            raise HTTPError(401, "wrong RSA signature") from None
        if not isinstance(json.loads(request.body)["order"], int):
            raise HTTPError(422, "order must be a number")
        self.set_status(201)
        self.write({})


class Stats(Base):
    def get(self) -> None:
        self.write(dict(self.requests))


def token_of(account: str) -> str:
    """Return a token that cannot be guessed without the key."""
    return f"{account}.{hmac.new(KEY, account.encode(), hashlib.sha256).hexdigest()}"


async def main(port: int) -> None:
    """Serve until killed."""
    kinds = {
        "login": Login,
        "items": Items,
        r"items/(\d+)": Item,
        "orders": Orders,
        "payments": Payments,
        "stats": Stats,
    }
    routes = [(f"/{path}", kind) for path, kind in kinds.items()]
    server = HTTPServer(Application(routes))
    sockets = bind_sockets(port, "127.0.0.1")
    server.add_sockets(sockets)
    sys.stdout.write(f"http://127.0.0.1:{sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))

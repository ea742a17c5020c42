"""What the causes of TLS errors mean, and what to do about them."""

from __future__ import annotations

from perfsvc.errors import Text

OR_NOT = Text("或把协议选项 verify 设为 false", "or set the protocol option verify to false")


def _or_not(zh: str, en: str) -> Text:
    return Text(f"{zh}，{OR_NOT.zh}", f"{en}, {OR_NOT.en}")


UNTRUSTED = _or_not(
    "证书不受信任：请把签发它的 CA 证书填入测试环境的“证书”",
    "the certificate is not trusted: put the CA certificate that signed it into the environment",
)
SELF_SIGNED = _or_not(
    "证书是自签名的，不受信任：请把它作为 CA 证书填入测试环境的“证书”",
    "the certificate is self-signed, so it is not trusted: put it into the environment as a CA certificate",
)
NEEDED = Text(
    "服务器要求客户端证书：请在测试环境的“证书”中填写证书和私钥",
    "the server requires a client certificate: put certificate and key into the environment",
)
CAUSES = {
    "self-signed certificate": SELF_SIGNED,
    "self-signed certificate in certificate chain": UNTRUSTED,
    "unable to get local issuer certificate": UNTRUSTED,
    "unable to verify the first certificate": UNTRUSTED,
    "certificate not accepted": UNTRUSTED,
    "certificate has expired": _or_not("证书已过期：请更换", "the certificate has expired: renew it"),
    "certificate is not yet valid": _or_not(
        "证书尚未生效：请核对两端的时间", "the certificate is not valid yet: check the clocks on both sides"
    ),
    "hostname mismatch": _or_not(
        "证书属于其他主机名：请在地址中使用证书上的主机名",
        "the certificate is for another host name: use that name in the address",
    ),
    "tlsv13 alert certificate required": NEEDED,
    "wrong version number": Text(
        "该端口上不是 TLS，可能应使用 http",
        "the port does not speak TLS: perhaps the address should begin with http://",
    ),
}
"""By what follows “TLS Error: ” in the class of the error."""


def tls_text(error_class: str) -> Text | None:
    """Return the meaning of a TLS error with what to do, where the cause is known."""
    kind, _, cause = error_class.partition(": ")
    return CAUSES.get(cause) if kind == "TLS Error" else None

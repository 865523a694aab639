"""Where the host listens: its address from the settings, reached over HTTP and nothing else.

The name is resolved once and the connection goes to the address that was checked. Addresses of
private networks are refused unless the operator allows them; redirects are not followed.
"""

import http.client
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

from flask import current_app

from billing.services import host_webhooks
from billing.services.host_webhooks import Endpoint, HostUnreachable
from billing.settings import Settings

TIMEOUT_SECONDS = 10
MAX_ANSWER_BYTES = 64 * 1024
PORTS = {"http": 80, "https": 443}


def current() -> Endpoint | None:
    """Return where the host listens, None where it does not."""
    settings: Settings = current_app.extensions["billing_settings"]
    if settings.host_webhook_url is None:
        return None
    sender = HttpSender(
        urlsplit(settings.host_webhook_url),
        allows_private=settings.host_webhook_allows_private,
    )
    return Endpoint(sender, settings.host_webhook_secrets)


def deliver_pending() -> int:
    """Send the host what is due; return how much it took."""
    endpoint = current()
    return 0 if endpoint is None else host_webhooks.deliver_pending(endpoint)


@dataclass(frozen=True, slots=True)
class HttpSender:
    """Posts to one address."""

    url: SplitResult
    allows_private: bool

    def send(self, body: bytes, headers: dict[str, str]) -> int:
        """Post the body and return the status.

        Raises:
            HostUnreachable: the address may not be reached, or does not answer in time.
        """
        connection = self._connect()
        try:
            path = self.url._replace(scheme="", netloc="", fragment="").geturl() or "/"
            sent = {"Content-Type": "application/json", "User-Agent": "Billhook", **headers}
            connection.request("POST", path, body=body, headers=sent)
            answer = connection.getresponse()
            answer.read(MAX_ANSWER_BYTES)
            return HTTPStatus(answer.status).value
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise HostUnreachable(f"the host did not answer: {type(error).__name__}") from error
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self.url.hostname or "", self.url.port or PORTS[self.url.scheme]
        address = self._resolve(host, port)
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
        try:
            plain = socket.create_connection((address, port), timeout=TIMEOUT_SECONDS)
            is_secure = self.url.scheme == "https"
            connection.sock = _secured(plain, host) if is_secure else plain
        except OSError as error:
            raise HostUnreachable(f"no connection: {type(error).__name__}") from error
        return connection

    def _resolve(self, host: str, port: int) -> str:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise HostUnreachable("the host's name leads nowhere") from error
        addresses = [str(each[4][0]) for each in found]
        private = [each for each in addresses if not ipaddress.ip_address(each).is_global]
        if private and not self.allows_private:
            raise HostUnreachable("the host's address is in a private network")
        return addresses[0]


def _secured(plain: socket.socket, host: str) -> ssl.SSLSocket:
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise

"""One HTTP request to an archive: bounded, without detours, every failure one sentence."""

from __future__ import annotations

import http.client
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from cem_monai.transport.delivery_error import DeliveryError, Fault

AUTHORIZATION = "CEM_MONAI_AUTHORIZATION"
"""Environment variable: value of the Authorization header, e.g. `Bearer ...`. Not an option of the
command line, which every user of the machine can read."""
TIMEOUT = 30.0
"""s without a byte."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
BUSY = {408, 425, 429, 500, 502, 503, 504, 507}
MISCONFIGURED = {401, 403, 404, 405, 407, 501, *range(300, 400)}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could carry images and keys to another host."""

    def redirect_request(self, *_: object) -> None:
        return None


@dataclass(frozen=True)
class Reply:
    """Answer of a server.

    Attributes:
        status: HTTP status, 200 to 299, or one that the request asked to see.
        content_type: of the body, with its parameters.
        body: as it came.
    """

    status: int
    content_type: str
    body: bytes = field(repr=False)


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    limit: int,
    body: bytes | None = None,
    also: frozenset[int] = frozenset(),
) -> Reply:
    """Send one request and return the answer.

    Args:
        method: GET or POST.
        url: http or https.
        headers: besides Authorization, which comes from the environment.
        limit: bytes; a longer answer is refused.
        body: of a POST.
        also: HTTP statuses beyond 2xx that are answers, not failures.

    Raises:
        DeliveryError: no answer, or one that is a failure.
    """
    request = urllib.request.Request(url, body, dict(headers) | _authorization(url), method=method)
    place = public_url(url)
    try:
        with _opener().open(request, timeout=TIMEOUT) as response:
            return _reply(response, limit, place)
    except urllib.error.HTTPError as error:
        with error:
            if error.code in also:
                return _reply(error, limit, place)
        raise _refusal(error.code, place) from None
    except urllib.error.URLError as error:
        raise _no_answer(error.reason, place) from None
    except (OSError, http.client.HTTPException) as error:
        raise _no_answer(error, place) from None


def public_url(url: str) -> str:
    """Return a URL without user, password and query, as messages and the audit show it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def check_url(url: str) -> str:
    """Return a URL without a slash at its end.

    Raises:
        ValueError: it is none of http or https, or holds a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{public_url(url)!r} is no http:// or https:// address")
    if "@" in parts.netloc:
        raise ValueError(
            f"{public_url(url)}: a password in the address can be read by others, "
            f"set {AUTHORIZATION} instead"
        )
    return url.rstrip("/")


def _opener() -> urllib.request.OpenerDirector:
    # No proxy from the environment either: patient data goes where it was told to go
    return urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


def _authorization(url: str) -> dict[str, str]:
    value = os.environ.get(AUTHORIZATION, "").strip()  # a secret from a file ends with a new line
    if not value:
        return {}
    if not (value.isascii() and value.isprintable()):
        sentence = f"{AUTHORIZATION} holds characters that a header must not hold"
        raise DeliveryError(sentence, Fault.MISCONFIGURED)
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        sentence = f"{public_url(url)}: {AUTHORIZATION} is not sent without https"
        raise DeliveryError(sentence, Fault.MISCONFIGURED)
    return {"Authorization": value}


def _reply(
    response: http.client.HTTPResponse | urllib.error.HTTPError, limit: int, place: str
) -> Reply:
    body = response.read(limit + 1)
    if len(body) > limit:
        raise DeliveryError(f"{place}: answers with more than {limit} bytes", Fault.REFUSED)
    return Reply(int(response.status or 0), response.headers.get("Content-Type", ""), body)


def _refusal(status: int, place: str) -> DeliveryError:
    # The phrase that the server sends along is its own text and may quote anything
    phrase = http.client.responses.get(status, "unknown status")
    if status in MISCONFIGURED:
        return DeliveryError(f"{place}: answers {status} {phrase}", Fault.MISCONFIGURED)
    fault = Fault.BUSY if status in BUSY else Fault.REFUSED
    return DeliveryError(f"{place}: refuses with {status} {phrase}", fault)


def _no_answer(reason: object, place: str) -> DeliveryError:
    if isinstance(reason, ssl.SSLCertVerificationError):
        sentence = f"{place}: its TLS certificate is not trusted ({reason.verify_message})"
        return DeliveryError(sentence, Fault.MISCONFIGURED)
    if isinstance(reason, ssl.SSLError):
        sentence = f"{place}: no TLS connection ({reason.reason or type(reason).__name__})"
        return DeliveryError(sentence, Fault.UNREACHABLE)
    told = reason.strerror if isinstance(reason, OSError) and reason.strerror else None
    return DeliveryError(
        f"{place}: is unreachable ({told or type(reason).__name__})", Fault.UNREACHABLE
    )

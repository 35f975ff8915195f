"""The viewer's parts that need neither Orthanc nor a browser."""

from __future__ import annotations

import http.server
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from viewer import __main__ as command
from viewer.ohif import check, viewer_files
from viewer.web import served


class _Pacs(http.server.BaseHTTPRequestHandler):
    """Answers every GET with its path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def pacs() -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Pacs)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, pacs: str) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("web")
    (folder / "dist").mkdir()
    (folder / "dist" / "index.html").write_text("the page")
    (folder / "dist" / "app-config.js").write_text("theirs")
    (folder / "dist" / "a.wasm").write_bytes(b"code")
    (folder / "secret").write_text("secret")
    with served(viewer_files(folder), pacs) as running:
        yield running


def _get(url: str, **headers: str) -> tuple[str, str]:
    """Return body and content type."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        return answer.read().decode(), answer.headers["Content-Type"]


def test_serves_files_and_the_page_for_its_own_views(address: str) -> None:
    assert _get(f"{address}/a.wasm") == ("code", "application/wasm")
    assert _get(f"{address}/viewer?StudyInstanceUIDs=1.2") == ("the page", "text/html")


def test_config_is_ours_not_the_one_that_names_a_public_server(address: str) -> None:
    config, _ = _get(f"{address}/app-config.js")
    assert "hangingProtocol" in config
    assert "://" not in config


def test_dicomweb_goes_to_the_pacs(address: str) -> None:
    assert _get(f"{address}/dicom-web/studies?limit=1")[0] == "/dicom-web/studies?limit=1"


@pytest.mark.parametrize(
    "path", ["/../secret", "/%2e%2e/secret", "//secret", "/a.wasm/../../secret"]
)
def test_nothing_outside_its_folder_is_served(address: str, path: str) -> None:
    port = int(address.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert b"secret" not in connection.recv(1 << 16)


def test_page_of_another_name_gets_nothing(address: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="421"):
        _get(f"{address}/dicom-web/studies", Host="rebound.example")


def test_taken_port_is_told(address: str, tmp_path: Path) -> None:
    port = int(address.rsplit(":", 1)[1])
    taken = f"port {port} of 127.0.0.1 cannot be used"
    with pytest.raises(OSError, match=taken), served(tmp_path, "", port=port):
        pass


def test_missing_ohif_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["viewer", "--ohif", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"error: OHIF .* is not in .*: make ohif fetches it"):
        command.main()


def test_another_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app.tgz").write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"app\.tgz: has SHA-512"):
        check(tmp_path / "app.tgz")

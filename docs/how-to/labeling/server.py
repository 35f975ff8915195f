"""A MONAI Label server with the app of cem_monai, for demos and tests: loopback only."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import cem_monai
from cem_monai.label_app import APP

LOOPBACK = "127.0.0.1"
ENVIRONMENT = ".venv-label"
SECONDS_TO_START = 300.0


@dataclass(frozen=True)
class LabelServer:
    """A running server.

    Attributes:
        url: without a slash at the end.
        process: of the server.
        log: what it says.
    """

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def alive(self) -> bool:
        """Whether it still runs and answers."""
        try:
            return self.process.poll() is None and bool(self.get("/info/"))
        except OSError:
            return False

    def get(self, path: str) -> Any:
        """Return what it answers as JSON."""
        with urllib.request.urlopen(self.url + path) as answer:
            return json.load(answer)


def label_python() -> Path:
    """Return the interpreter that has MONAI Label: `LABEL_PYTHON`, or that of `make label`.

    Raises:
        FileNotFoundError: there is none.
    """
    usual = Path(cem_monai.__file__).parents[1] / ENVIRONMENT / "bin" / "python"
    python = Path(os.environ.get("LABEL_PYTHON") or usual)
    if not python.is_file():
        raise FileNotFoundError(
            f"MONAI Label is not installed, {python} is missing: type make label"
        )
    return python


@contextmanager
def running_server(
    studies: str, folder: Path, conf: Mapping[str, str], *, python: Path, port: int = 0
) -> Iterator[LabelServer]:
    """Run the server while the block runs.

    Args:
        studies: folder or DICOMweb address.
        folder: for its work and log.
        conf: of the app, see docs/how-to/use-monai-label.md.
        python: see `label_python`.
        port: on 127.0.0.1; 0 takes a free one.

    Raises:
        RuntimeError: it ended at once, or does not answer.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # patients' images
    port = port or _free_port()
    log = folder / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            _command(python, studies, port, conf),
            env=_environment(folder),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the starter, which then ends it
        )
    server = LabelServer(f"http://{LOOPBACK}:{port}", process, log)
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        _stop(process)


def ohif_address(url: str, study: str, series: str | None = None) -> str:
    """Return where the OHIF of MONAI Label shows a study.

    Its study list does not offer mammograms, and its own hanging protocol wants volumes: hence the
    address.

    Args:
        url: of the server.
        study: StudyInstanceUID.
        series: SeriesInstanceUID to begin with.
    """
    query = {"StudyInstanceUIDs": study, "hangingProtocolId": "default"}
    if series is not None:
        query["initialSeriesInstanceUID"] = series
    return f"{url}/ohif/monai-label?{urlencode(query)}"


def _command(python: Path, studies: str, port: int, conf: Mapping[str, str]) -> list[str]:
    options = {"app": APP, "studies": studies, "host": LOOPBACK, "port": port}
    command = [str(python), "-m", "monailabel.main", "start_server"]
    for key, value in options.items():
        command += [f"--{key}", str(value)]
    for key, value in conf.items():
        command += ["--conf", key, value]
    # nothing stays behind, even if the starter is killed
    return ["setpriv", "--pdeathsig", "TERM", *command]


def _environment(folder: Path) -> dict[str, str]:
    package = str(Path(cem_monai.__file__).parents[1])
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH", "")])),
        "MONAI_LABEL_SESSION_PATH": str(folder / "sessions"),
        "PYTHONUNBUFFERED": "1",
    }


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as taken:
        return int(taken.getsockname()[1])


def _wait_until_it_answers(server: LabelServer) -> None:
    patience = time.monotonic() + SECONDS_TO_START
    while server.process.poll() is None and time.monotonic() < patience:
        try:
            server.get("/info/")
            return
        except OSError:
            time.sleep(0.2)
    last = server.log.read_text(errors="replace").strip().splitlines()[-5:]
    raise RuntimeError(f"MONAI Label did not start: {' '.join(last)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:  # a browser that keeps a connection open
        process.kill()
        process.wait()

"""The verb as a process of its own, with a small network: signals, and a kill without warning."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from cem_monai.networks import UNetGenerator, save_weights
from cem_monai.transport import Peer, StoreSender
from exams import write_exam
from transport.archives import WebArchive, free_port

pytestmark = pytest.mark.slow
SMALL = {"num_downs": 3, "ngf": 4}
SETTINGS = {"image_size": 64, "low_energy_window": None, "recombined_window": None}


@pytest.fixture
def weights(tmp_path) -> Path:
    torch.manual_seed(0)
    network = UNetGenerator(in_channels=1, out_channels=1, **SMALL)
    save_weights(network, tmp_path / "model.pt", SETTINGS | SMALL | {"norm": "batch"})
    return tmp_path / "model.pt"


class Process:
    """A node and what it says."""

    def __init__(self, folder: Path, weights: Path, url: str) -> None:
        self.port, self.lines = free_port(), list[str]()
        arguments = [str(folder), "MAMMO", "--stow", url, "--weights", str(weights)]
        arguments += ["--bundle", "breast_cem_unet512", "--trust"]
        arguments += ["--port", str(self.port), "--quiet_seconds", "1", "--device", "cpu"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cem_monai", "node", *arguments],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.wait_for("listening")

    def wait_for(self, text: str, count: int = 1) -> None:
        for _ in range(1800):
            if sum(text in line for line in self.lines) >= count:
                return
            assert self._process.poll() is None, self.lines
            time.sleep(0.1)
        raise AssertionError(self.lines)

    def end(self, how: signal.Signals) -> int:
        self._process.send_signal(how)
        self._process.wait(30)
        self._reader.join()
        return self._process.returncode

    def send(self, files) -> None:
        caller = StoreSender(Peer("CEM_MONAI", "127.0.0.1", self.port), ae_title="MAMMO")
        for path in files:
            caller.send(path)
        caller.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.strip())


def test_killed_with_images_that_it_acknowledged_then_stopped_politely(tmp_path, weights):
    write_exam(tmp_path / "exam", "TEST-000", mass=False)
    files = sorted((tmp_path / "exam").rglob("*.dcm"))
    with WebArchive().running() as archive:
        first = Process(tmp_path / "node", weights, archive.url)
        first.send(files)
        assert first.end(signal.SIGKILL) == -9
        assert archive.stored == {}
        second = Process(tmp_path / "node", weights, archive.url)
        second.wait_for(": stored", 2)
        second.send([path for path in files if "DES" in path.name])
        second.wait_for("holds nothing that can be translated")
        assert second.end(signal.SIGTERM) == 0
    assert second.lines[-1].endswith("stopped")
    assert len(archive.stored) == len(archive.received) == 2
    assert not list((tmp_path / "node").rglob("*.dcm"))
    told = "\n".join([*first.lines, *second.lines])
    assert "TEST-000" not in told
    assert "Simulated" not in told
    assert all(line[:4].isdigit() for line in second.lines), "one line for each event, no more"

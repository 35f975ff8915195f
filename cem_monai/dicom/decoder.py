"""Decode compressed pixel data in a process that may die of them."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from pathlib import Path
from signal import SIGXCPU
from struct import pack, unpack
from threading import Lock, Timer
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from cem_monai.dicom.codestream import checked_frame
from cem_monai.dicom.decoder_child import CPU_SECONDS, DONE, NO_MEMORY
from cem_monai.dicom.errors import MammogramError
from cem_monai.dicom.refusal_codes import RefusalCode

WALL_SECONDS = 300.0
"""Ten times the CPU time: a busy machine is no reason to refuse; a loop ends by its CPU time."""
JOBS_PER_CHILD = 200
"""GDCM is known to leak."""
MAX_ERROR_BYTES = 64
COMMAND = f"from {__name__}_child import main; main()"


class DecoderDiedError(Exception):
    """The child gave no whole answer.

    Attributes:
        code: what it died of, as far as its exit tells.
    """

    def __init__(self, code: RefusalCode) -> None:
        super().__init__(code)
        self.code = code


class ChildDecoder:
    """One process that decodes one image after the other; it is started when first needed.

    Memory, CPU time and file size of the child are limited (see `decoder_child`), its wall-clock
    time by its parent. After a crash or a hang the next image gets a new child. What comes back is
    a number of bytes that the parent knew before, or the name of an error: never an object.

    Args:
        wall_seconds: after which a child is killed.
    """

    def __init__(self, wall_seconds: float = WALL_SECONDS) -> None:
        self.wall_seconds = wall_seconds
        self._lock = Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._jobs = 0

    def decode(self, job: dict[str, Any], stream: bytes) -> npt.NDArray[np.unsignedinteger]:
        """Return the pixels (rows, columns) of a stream.

        Args:
            job: `syntax`, `decoder`, `rows`, `columns`, `bits_allocated`, `bits_stored`.
            stream: one frame.

        Raises:
            DecoderDiedError: the child crashed, hung or took too much.
            ValueError: it could not decode the stream; names the kind of error.
        """
        pixels = np.empty((job["rows"], job["columns"]), f"<u{job['bits_allocated'] // 8}")
        with self._lock:
            child = self._ready()
            timer = Timer(self.wall_seconds, child.kill)
            timer.start()
            try:
                error = _exchange(child, job, stream, pixels)
            except (OSError, EOFError):
                hung = timer.finished.is_set()
                self.stop()
                late = hung or child.returncode == -SIGXCPU
                code = RefusalCode.DECODER_TIME if late else RefusalCode.DECODER_CRASH
                raise DecoderDiedError(code) from None
            finally:
                timer.cancel()
        if error is not None:
            raise ValueError(error)
        return pixels

    def stop(self) -> None:
        """End the child, if there is one."""
        child, self._child = self._child, None
        if child is not None and self._owner == os.getpid():
            child.kill()
            child.communicate()

    def _ready(self) -> subprocess.Popen[bytes]:
        # a forked process must not talk into the pipes of its parent
        usable = self._child and self._child.poll() is None and self._owner == os.getpid()
        if not usable or self._jobs == JOBS_PER_CHILD:
            self.stop()
            self._child, self._owner, self._jobs = _start(), os.getpid(), 0
        self._jobs += 1
        return cast("subprocess.Popen[bytes]", self._child)


_decoder = ChildDecoder()
atexit.register(_decoder.stop)


def decode_compressed(
    dataset: Dataset, path: Path, decoder: str
) -> npt.NDArray[np.unsignedinteger]:
    """Return the stored values (H, W) of a compressed image.

    Args:
        dataset: object that passed the gate.
        path: its file, for messages.
        decoder: plugin of pydicom, or itk.

    Raises:
        MammogramError: the stream is damaged, contradicts the header, or killed its decoder.
    """
    stream = checked_frame(dataset, path)
    syntax = dataset.file_meta.TransferSyntaxUID
    job = {
        "syntax": str(syntax),
        "decoder": decoder,
        "rows": int(dataset.Rows),
        "columns": int(dataset.Columns),
        "bits_allocated": int(dataset.BitsAllocated),
        "bits_stored": int(dataset.BitsStored),
        "bytes": len(stream),
    }
    try:
        return _decoder.decode(job, stream)
    except DecoderDiedError as error:
        sentence = f"{path}: the {syntax.name} pixel data {DEATHS[error.code]}"
        raise MammogramError(sentence, error.code) from None
    except ValueError as error:
        sentence = f"{path}: the {syntax.name} pixel data are damaged ({error})"
        raise MammogramError(sentence, RefusalCode.PIXELS) from None


DEATHS = {
    RefusalCode.DECODER_TIME: f"took their decoder more than {CPU_SECONDS} s",
    RefusalCode.DECODER_MEMORY: "took their decoder more memory than it may have",
    RefusalCode.DECODER_CRASH: "made their decoder crash",
}


def _start() -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in dict.fromkeys(sys.path) if path),
        **({"PYTHONPYCACHEPREFIX": sys.pycache_prefix} if sys.pycache_prefix else {}),
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
        "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        pipesize=2**20 if sys.platform == "linux" else -1,
    )


def _exchange(
    child: subprocess.Popen[bytes],
    job: dict[str, Any],
    stream: bytes,
    pixels: npt.NDArray[np.unsignedinteger],
) -> str | None:
    """Send a job and fill `pixels`; return the name of an error instead.

    Raises:
        DecoderDiedError: the child ran out of memory.
        EOFError: the child ended, or answers something else.
    """
    source, sink = cast("IO[bytes]", child.stdin), cast("IO[bytes]", child.stdout)
    text = json.dumps(job).encode()
    source.write(pack("<I", len(text)) + text)
    source.write(stream)
    source.flush()
    status, length = unpack("<BQ", _exactly(sink, 9))
    if status == DONE and length == pixels.nbytes:
        view = pixels.data.cast("B")
        if sink.readinto(view) != length:  # type: ignore[attr-defined]
            raise EOFError
        return None
    if status == DONE or length > MAX_ERROR_BYTES:
        raise EOFError
    name = _exactly(sink, length).decode("ascii")
    if status == NO_MEMORY:
        raise DecoderDiedError(RefusalCode.DECODER_MEMORY)
    return name


def _exactly(source: IO[bytes], length: int) -> bytes:
    content = source.read(length)
    if len(content) != length:
        raise EOFError
    return content

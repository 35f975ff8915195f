"""The process that decodes compressed pixel data: limited, and nothing of worth in it.

It reads jobs from its standard input and writes pixels to its standard output until the input
ends. A job is the length of a JSON object (4 bytes), the object, and the stream that it tells the
length of. An answer is a status (1 byte), a length (8 bytes) and so many bytes: the pixels, or the
name of an error.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from struct import pack, unpack
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array
from pydicom.uid import RLELossless, SecondaryCaptureImageStorage

MEMORY_BYTES = 3 * 2**30
"""Address space: 1.3 GB of it are libraries; 50 million pixels of JPEG 2000 fit in the rest."""
CPU_SECONDS = 30
FILE_BYTES = 256 * 2**20
DONE, FAILED, NO_MEMORY = 0, 1, 2


def main() -> None:
    """Decode until the input ends."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # decoders print what they think, which must not get between the pixels
    _limit()
    while size := source.read(4):
        job = json.loads(source.read(*unpack("<I", size)))
        _renew_time()
        _answer(sink, *_decoded(job, source.read(job["bytes"])))


def _decoded(job: dict[str, Any], stream: bytes) -> tuple[int, bytes | memoryview]:
    try:
        pixels = (_by_itk if job["decoder"] == "itk" else _by_pydicom)(job, stream)
        if pixels.shape != (job["rows"], job["columns"]):
            raise ValueError("another size")
        return DONE, np.ascontiguousarray(pixels, f"<u{job['bits_allocated'] // 8}").data.cast("B")
    except MemoryError:
        return NO_MEMORY, b""
    except BaseException as error:  # decoders in Rust raise what is no Exception
        return FAILED, type(error).__name__.encode("ascii", "replace")[:64]


def _by_pydicom(job: dict[str, Any], stream: bytes) -> npt.NDArray[Any]:
    dataset = _dataset(job, stream)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a decoder that wonders has not understood the stream
        return np.asarray(pixel_array(dataset, decoding_plugin=job["decoder"]))


def _by_itk(job: dict[str, Any], stream: bytes) -> npt.NDArray[Any]:
    """GDCM, within ITK, reads files alone: this one has no name and goes with the process."""
    import itk

    with tempfile.TemporaryFile() as file:
        _dataset(job, stream).save_as(file, enforce_file_format=True)
        file.flush()
        file.seek(0)
        io = itk.GDCMImageIO.New(FileName=f"/dev/fd/{file.fileno()}")
        io.ReadImageInformation()
        kind = itk.US if job["bits_allocated"] == 16 else itk.UC
        if io.GetComponentSize() * 8 != job["bits_allocated"] or io.GetNumberOfComponents() != 1:
            raise ValueError("another format")
        reader = itk.ImageFileReader[itk.Image[kind, 2]].New(FileName=io.GetFileName(), ImageIO=io)
        reader.Update()
        return np.array(itk.array_view_from_image(reader.GetOutput()))


def _dataset(job: dict[str, Any], stream: bytes) -> Dataset:
    """Return an object of the stream alone: no look-up table, no name, no other attribute."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = job["syntax"]
    dataset.SOPClassUID, dataset.SOPInstanceUID = SecondaryCaptureImageStorage, "1.2.3"
    dataset.Rows, dataset.Columns = job["rows"], job["columns"]
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    allocated = job["bits_allocated"]
    # Run-length streams hold whole bytes: what lies above BitsStored is looked at afterwards
    stored = allocated if job["syntax"] == RLELossless else job["bits_stored"]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = allocated, stored, stored - 1
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return dataset


def _answer(sink: BinaryIO, status: int, content: bytes | memoryview) -> None:
    sink.write(pack("<BQ", status, len(content)))
    sink.write(content)
    sink.flush()


def _limit() -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _renew_time() -> None:
    """The limit counts from the start of the process: each job gets its own share."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))

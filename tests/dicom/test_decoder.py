"""Compressed pixels are decoded in a process that may die of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import JPEGLSLossless, RLELossless

from cem_monai.dicom import (
    ChildDecoder,
    DecoderDiedError,
    MammogramError,
    RefusalCode,
    decoder,
    decoder_child,
    read_mammogram,
)
from fuzzing.originals import SYNTAXES, breast_pixels, original, recode

MakeMammogram = Callable[..., Dataset]
PIXELS = np.random.default_rng(1).integers(0, 4096, (20, 30)).astype(np.uint16)


@pytest.fixture
def job(make_mammogram: MakeMammogram) -> tuple[dict[str, Any], bytes]:
    """A job for a child, and its stream."""
    dataset = make_mammogram(PIXELS)
    dataset.compress(JPEGLSLossless)
    stream = get_frame(dataset.PixelData, 0, number_of_frames=1)
    facts = {"syntax": str(JPEGLSLossless), "decoder": "pyjpegls", "bytes": len(stream)}
    return {**facts, "rows": 20, "columns": 30, "bits_allocated": 16, "bits_stored": 12}, stream


@pytest.fixture
def child() -> Iterator[ChildDecoder]:
    one = ChildDecoder()
    yield one
    one.stop()


def test_pixels_come_back_from_one_process(
    child: ChildDecoder, job: tuple[dict[str, Any], bytes]
) -> None:
    np.testing.assert_array_equal(child.decode(*job), PIXELS)
    first = child._child
    np.testing.assert_array_equal(child.decode(*job), PIXELS)
    assert child._child is first
    assert first is not None
    assert first.pid != os.getpid()


def test_damaged_stream_is_told_and_the_process_goes_on(
    child: ChildDecoder, job: tuple[dict[str, Any], bytes]
) -> None:
    facts, stream = job
    with pytest.raises(ValueError, match=r"^\w+$"):
        child.decode(facts, stream[:60] + bytes(len(stream) - 60))
    first = child._child
    np.testing.assert_array_equal(child.decode(*job), PIXELS)
    assert child._child is first


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("os.abort()", RefusalCode.DECODER_CRASH),
        ("os.write(1, b'x' * 50)", RefusalCode.DECODER_CRASH),
        ("time.sleep(600)", RefusalCode.DECODER_TIME),
        ("resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: pass", "E-DECODER-TIME"),
        ("import struct; os.write(1, struct.pack('<BQ', 2, 0))", RefusalCode.DECODER_MEMORY),
        ("import struct; os.write(1, struct.pack('<BQ', 0, 2**60))", RefusalCode.DECODER_CRASH),
        ("import struct; os.write(1, struct.pack('<BQ', 1, 2**60))", RefusalCode.DECODER_CRASH),
    ],
    ids=["abort", "garbage", "hang", "loop", "memory", "too many pixels", "endless error"],
)
def test_bad_end_of_the_process_is_told(
    child: ChildDecoder,
    job: tuple[dict[str, Any], bytes],
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    code: RefusalCode,
) -> None:
    monkeypatch.setattr(decoder, "COMMAND", f"import os, resource, time\n{body}")
    child.wall_seconds = 1 if "sleep" in body else 120
    with pytest.raises(DecoderDiedError) as death:
        child.decode(*job)
    assert death.value.code == code


def test_next_image_after_a_crash_gets_a_new_process(
    child: ChildDecoder, job: tuple[dict[str, Any], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(decoder, "COMMAND", "import os; os.abort()")
        with pytest.raises(DecoderDiedError):
            child.decode(*job)
    np.testing.assert_array_equal(child.decode(*job), PIXELS)


def test_limits_hold_in_the_process(
    child: ChildDecoder, job: tuple[dict[str, Any], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a decoder asks for beyond its memory it does not get, and the answer says so."""
    command = (
        "import numpy\nfrom cem_monai.dicom import decoder_child as child\n"
        f"child._by_pydicom = lambda *_: numpy.ones({decoder_child.MEMORY_BYTES}, 'u1')\n"
        "child.main()"
    )
    monkeypatch.setattr(decoder, "COMMAND", command)
    with pytest.raises(DecoderDiedError) as death:
        child.decode(*job)
    assert death.value.code is RefusalCode.DECODER_MEMORY


def test_rust_panics_and_exits_are_errors(
    child: ChildDecoder, job: tuple[dict[str, Any], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (
        "import sys\nfrom cem_monai.dicom import decoder_child as child\n"
        "child._by_pydicom = lambda *_: sys.exit(0)\nchild.main()"
    )
    monkeypatch.setattr(decoder, "COMMAND", command)
    with pytest.raises(ValueError, match="SystemExit"):
        child.decode(*job)


def test_death_is_one_sentence_with_its_code(
    tmp_path: Path, make_mammogram: MakeMammogram, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_mammogram(PIXELS)
    dataset.compress(RLELossless)
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    monkeypatch.setattr(decoder, "COMMAND", "import os; os.abort()")
    monkeypatch.setattr(decoder, "_decoder", ChildDecoder())
    with pytest.raises(MammogramError, match="pixel data made their decoder crash") as error:
        read_mammogram(tmp_path / "image.dcm")
    assert error.value.code is RefusalCode.DECODER_CRASH


def test_uncompressed_pixels_need_no_process(
    tmp_path: Path, make_mammogram: MakeMammogram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "COMMAND", "import os; os.abort()")
    monkeypatch.setattr(decoder, "_decoder", ChildDecoder())
    make_mammogram(PIXELS).save_as(tmp_path / "image.dcm", enforce_file_format=True)
    np.testing.assert_array_equal(read_mammogram(tmp_path / "image.dcm").pixels, PIXELS)


def test_run_length_stream_of_more_pixels_than_the_header_says(
    tmp_path: Path, make_mammogram: MakeMammogram
) -> None:
    dataset = make_mammogram(np.zeros((16, 32)))
    dataset.compress(RLELossless)
    dataset.Rows = 8
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    with pytest.raises(MammogramError, match="RLE Lossless pixel data are damaged"):
        read_mammogram(tmp_path / "image.dcm")


def test_frame_in_several_fragments(tmp_path: Path, make_mammogram: MakeMammogram) -> None:
    dataset = make_mammogram(PIXELS)
    dataset.compress(JPEGLSLossless)
    stream = get_frame(dataset.PixelData, 0, number_of_frames=1)
    dataset.PixelData = encapsulate([stream], fragments_per_frame=3)
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    np.testing.assert_array_equal(read_mammogram(tmp_path / "image.dcm").pixels, PIXELS)


@pytest.mark.slow
@pytest.mark.parametrize("name", SYNTAXES)
def test_every_transfer_syntax_is_bit_exact(tmp_path: Path, name: str) -> None:
    path = tmp_path / "image.dcm"
    path.write_bytes(original(name, tmp_path))
    np.testing.assert_array_equal(read_mammogram(path).pixels, breast_pixels())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["jpeg_lossless", "jpeg_2000"])
def test_codestream_of_another_size_than_the_header_says(
    tmp_path: Path, make_mammogram: MakeMammogram, name: str
) -> None:
    dataset = make_mammogram(breast_pixels())
    recode(dataset, name, tmp_path)
    dataset.Rows, dataset.Columns = 80, 96
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    with pytest.raises(MammogramError, match="hold 96 x 80 pixels, Rows and Columns") as error:
        read_mammogram(tmp_path / "image.dcm")
    assert error.value.code is RefusalCode.CODESTREAM

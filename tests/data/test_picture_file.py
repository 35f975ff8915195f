from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cem_monai.data import PictureError, read_picture
from cem_monai.data.picture_file import LEAST_FILLED
from pictures import breast_picture, write_picture

PICTURE = breast_picture()


def refusal(path: Path, source_bits: int | None = None) -> str:
    with pytest.raises(PictureError) as error:
        read_picture(path, source_bits)
    told = str(error.value)
    assert told.startswith(f"{path}: ")
    assert "\n" not in told
    return told


@pytest.mark.parametrize("bits", [8, 16])
def test_png_comes_back_bit_for_bit(tmp_path, bits):
    stored = breast_picture(bits=bits)
    picture = read_picture(write_picture(tmp_path / "a.png", stored))
    assert picture.bits == bits
    assert picture.pixels.dtype == stored.dtype
    np.testing.assert_array_equal(picture.pixels, stored)


def test_sixteen_bits_keep_their_lowest(tmp_path):
    stored = np.arange(2**16, dtype=np.uint16).reshape(256, 256)
    picture = read_picture(write_picture(tmp_path / "a.png", stored))
    np.testing.assert_array_equal(picture.pixels, stored)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG", ".png"])
def test_three_equal_channels_are_one(tmp_path, suffix):
    path = write_picture(tmp_path / f"a{suffix}", np.stack([PICTURE] * 3, axis=-1))
    expected = np.asarray(Image.open(path))[..., 1]
    np.testing.assert_array_equal(read_picture(path).pixels, expected)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_color_is_refused(tmp_path, suffix):
    colored = np.stack([PICTURE, PICTURE, PICTURE // 2], axis=-1)
    assert "color" in refusal(write_picture(tmp_path / f"a{suffix}", colored))


@pytest.mark.parametrize(
    ("mode", "word"),
    [("P", "palette"), ("LA", "transparency"), ("RGBA", "transparency"), ("1", "1 bits")],
)
def test_png_that_is_not_plain_gray_is_refused(tmp_path, mode, word):
    path = tmp_path / "a.png"
    Image.fromarray(PICTURE).convert(mode).save(path)
    assert word in refusal(path)


def test_one_transparent_gray_level_is_refused(tmp_path):
    assert "transparency" in refusal(write_picture(tmp_path / "a.png", PICTURE, transparency=0))


def test_cmyk_is_refused(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(PICTURE).convert("CMYK").save(path)
    assert "CMYK" in refusal(path)


def test_picture_turned_by_exif_is_refused(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a.jpg", "a.png"):
        assert "orientation 6" in refusal(write_picture(tmp_path / name, PICTURE, exif=exif))
    exif[0x0112] = 1
    assert read_picture(write_picture(tmp_path / "upright.jpg", PICTURE, exif=exif)).bits == 8


def test_animation_is_refused(tmp_path):
    frames = [Image.fromarray(PICTURE), Image.fromarray(PICTURE // 2)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    assert "2 pictures" in refusal(tmp_path / "a.png")


def test_wrong_suffix_is_refused(tmp_path):
    write_picture(tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert "is PNG, but its name ends in .jpg" in refusal(tmp_path / "a.jpg")
    assert "must end in" in refusal(write_picture(tmp_path / "a.tif"))
    write_picture(tmp_path / "b.bmp").rename(tmp_path / "b.png")
    assert "neither PNG nor JPEG" in refusal(tmp_path / "b.png")


def test_missing_and_empty_files_are_refused(tmp_path):
    (tmp_path / "a.png").touch()
    assert "is empty" in refusal(tmp_path / "a.png")
    assert "no such file" in refusal(tmp_path / "b.png")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_truncated_file_is_refused(tmp_path, suffix):
    path = write_picture(tmp_path / f"a{suffix}")
    whole = path.read_bytes()
    for share in (0.02, 0.5, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        refusal(path)


def test_too_large_picture_is_refused(tmp_path):
    path = write_picture(tmp_path / "a.png", np.zeros((2, 9000), np.uint8))
    assert "2 x 9000" in refusal(path)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, color: int, data: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


def test_sixteen_bit_color_is_refused_even_if_it_is_gray(tmp_path):
    """Pillow reads it with half of its bits."""
    path = tmp_path / "a.png"
    path.write_bytes(png(2, 1, 16, 2, b"\0" + struct.pack(">6H", *[40000] * 3, *[1000] * 3)))
    assert "16-bit color" in refusal(path)


def test_picture_without_pixels_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(png(0, 0, 8, 0, b""))
    refusal(tmp_path / "a.png")


def test_wrong_checksum_is_refused(tmp_path):
    whole = bytearray(png(4, 4, 8, 0, bytes(20)))
    whole[-13] ^= 1  # of IDAT
    (tmp_path / "a.png").write_bytes(whole)
    assert "damaged" in refusal(tmp_path / "a.png")


def test_twelve_bits_in_sixteen_must_be_told(tmp_path):
    """Taken for 16 bits, the image would be nearly black."""
    stored = np.full((4, 4), 4095, np.uint16)
    path = write_picture(tmp_path / "a.png", stored)
    assert "highest value is 4095" in refusal(path)
    assert "e.g. 12" in refusal(path)
    assert read_picture(path, 12).bits == 12
    assert read_picture(path, 16).bits == 16
    assert "11 bits hold 2047" in refusal(path, 11)
    full = write_picture(tmp_path / "b.png", np.full((4, 4), LEAST_FILLED, np.uint16))
    assert read_picture(full).bits == 16


@settings(max_examples=150)
@given(data=st.data())
def test_damaged_bytes_give_pixels_or_a_refusal_and_nothing_else(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    path = folder / data.draw(st.sampled_from(["fuzz.png", "fuzz.jpg"]))
    content = bytearray(write_picture(path, PICTURE[:24, :24]).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    with suppress(PictureError):
        assert read_picture(path).pixels.ndim == 2

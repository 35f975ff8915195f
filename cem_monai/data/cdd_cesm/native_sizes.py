"""Where an image lies in the frame of the native pixels that outlines are drawn in."""

from __future__ import annotations

import re
from pathlib import Path

from cem_monai.data.cdd_cesm.image_name import ImageName
from cem_monai.data.via import Frame

HEADER = "pair\tle_h\tle_w\tdes_h\tdes_w"
UNKNOWN = "-"

Sizes = dict[ImageName, tuple[int, int]]


def read_native_sizes(page: Path) -> Sizes:
    """Parse the fenced table of native sizes of the 512-pixel copies.

    Returns:
        (H, W) in native pixels of the images of which they are known.

    Raises:
        ValueError: the page is no text, or a line of the table is damaged.
    """
    try:
        blocks = re.findall(r"^```\w*\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    except UnicodeDecodeError as error:
        raise ValueError(f"{page}: cannot be read as text ({error})") from None
    tables = [lines for block in blocks if (lines := block.splitlines())[:1] == [HEADER]]
    sizes: Sizes = {}
    for line in tables[0][1:] if tables else []:
        pair, *texts = line.split("\t")
        # the table names pairs: any of the two images parses to the pair
        name = ImageName.parse(re.sub(r"^(P\d+_[LR])_", r"\1_DM_", pair))
        usable = all(re.fullmatch(r"[1-9]\d{0,4}|-", text) for text in texts)
        if name is None or len(texts) != 4 or not usable:
            raise ValueError(f"{page}: the table of native sizes holds {line!r}")
        for image, size in ((name, texts[:2]), (name.partner, texts[2:])):
            if UNKNOWN not in size:
                sizes[image] = int(size[0]), int(size[1])
    return sizes


def native_frame(size: tuple[int, int] | None, side: int | None, shape: tuple[int, int]) -> Frame:
    """Return where the native pixels of an image lie in its stored matrix.

    Args:
        size: (H, W) in native pixels; None for an image stored at native size.
        side: pixels a side of a copy, that was padded to a centered square and scaled.
        shape: stored (H, W).
    """
    if size is None or side is None:
        return Frame(shape)
    height, width = size
    return Frame(shape, side / height, left=(height - width) / 2)

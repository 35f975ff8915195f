"""Look through a folder of DICOM files for raw mammograms."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from cem_monai.data.breast import BreastMaskError
from cem_monai.data.dicom_folder import count_refused, dicom_files, report_refused
from cem_monai.data.pair import Refused
from cem_monai.data.patches import raw_foreground
from cem_monai.dicom import MammogramError, RefusalCode, read_raw_mammogram

logger = logging.getLogger(__name__)


def find_raw(
    folder: str | os.PathLike[str],
    refused_csv: str | os.PathLike[str],
    file_name: str = "*",
) -> list[dict[str, str]]:
    """Return the raw mammograms below a folder as MONAI data items `{"image", "case"}`.

    Args:
        folder: DICOM folder, or one file, whatever its name.
        refused_csv: file that lists what was left out and why.
        file_name: name of the files, e.g. `"low.dcm"`; may hold `*`.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: no usable raw image of that name lies in it.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder")
    found = sorted(dicom_files(folder))
    files = [path for path in found if path == folder or path.match(file_name)]
    refused = [one for one in map(_refusal, files) if one is not None]
    report_refused(refused, refused_csv)
    usable = [path for path in files if path not in {one.path for one in refused}]
    if not usable:
        raise ValueError(
            f"{folder}: no usable raw image called {file_name}; {count_refused(refused)}"
        )
    logger.info("%d raw images found, %d files refused", len(usable), len(refused))
    return [{"image": str(path), "case": f"{path.parent.name}_{path.stem}"} for path in usable]


def _refusal(path: Path) -> Refused | None:
    try:
        raw_foreground(read_raw_mammogram(path).pixels)
    except MammogramError as error:
        return Refused(path, str(error), code=error.code)
    except BreastMaskError as error:
        return Refused(path, f"{path}: {error}", code=RefusalCode.BREAST)
    return None

"""When an object was generated."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from pydicom.dataset import Dataset

from cem_monai.dicom.errors import MammogramError
from cem_monai.dicom.gate import open_header

EPOCH = "SOURCE_DATE_EPOCH"
"""Environment variable, seconds since 1970 in UTC (reproducible-builds.org): the time that
generated objects tell, so that two runs give the same bytes."""

TIMES = tuple(
    f"{kind}{part}"
    for kind in ("InstanceCreation", "Series", "Content")
    for part in ("Date", "Time")
)
"""Attributes that tell when an object was generated, besides ContributionDateTime."""


def generation_time(utc_offset: str | None = None) -> datetime:
    """Return the present time, or that of the environment variable `SOURCE_DATE_EPOCH`.

    Args:
        utc_offset: TimezoneOffsetFromUTC (0008,0201), e.g. `+0100`, which all times of an object
            are in; None for the time zone of this machine.

    Raises:
        ValueError: the environment variable is no whole number of seconds.
    """
    zone = _zone(utc_offset)
    epoch = os.environ.get(EPOCH)
    if not epoch:
        return datetime.now(zone)
    try:
        return datetime.fromtimestamp(int(epoch), zone or timezone.utc)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{EPOCH} must be seconds since 1970, is {epoch!r}") from None


def keep_generation_time(dataset: Dataset, path: Path) -> None:
    """Give an object the times of the file that it replaces, if that is the same instance of ours.

    So a re-run gives the same bytes. `SOURCE_DATE_EPOCH`, if it is set, decides instead.

    Args:
        dataset: generated object, which is changed.
        path: where it is going to be saved.
    """
    if os.environ.get(EPOCH) or not path.is_file():
        return
    try:
        older = open_header(path)
    except MammogramError:  # it gets replaced
        return
    equipment = older.get("ContributingEquipmentSequence")
    if older.get("SOPInstanceUID") != dataset.SOPInstanceUID or not equipment:
        return
    for keyword in TIMES:
        if keyword in older:
            dataset[keyword] = older[keyword]
    if "ContributionDateTime" in equipment[0]:
        contribution = dataset.ContributingEquipmentSequence[0]
        contribution.ContributionDateTime = equipment[0].ContributionDateTime


def _zone(utc_offset: str | None) -> timezone | None:
    try:
        moment = datetime.strptime(str(utc_offset or "").strip(), "%z")
    except ValueError:  # absent, or written wrong
        return None
    return timezone(moment.utcoffset() or timedelta())

"""When an object was generated."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone

EPOCH = "SOURCE_DATE_EPOCH"
"""Environment variable, seconds since 1970 in UTC (reproducible-builds.org): the time that
generated objects tell, so that two runs give the same bytes."""


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


def _zone(utc_offset: str | None) -> timezone | None:
    try:
        moment = datetime.strptime(str(utc_offset or "").strip(), "%z")
    except ValueError:  # absent, or written wrong
        return None
    return timezone(moment.utcoffset() or timedelta())

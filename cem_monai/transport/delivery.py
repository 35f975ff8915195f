"""Send what waits in an outbox until it is empty, however often the archive goes away."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from cem_monai.transport.back_off import growing_pauses
from cem_monai.transport.delivery_error import DeliveryError, Fault
from cem_monai.transport.outbox import Outbox, Parcel

PATIENCE = 300.0
"""s without a single success before a run gives up."""


class Sender(Protocol):
    """Way to one archive."""

    @property
    def destination(self) -> str:
        """How messages and the audit name it."""

    def send(self, path: str | os.PathLike[str]) -> str:
        """Store one file and return the answer; raise `DeliveryError` otherwise."""

    def close(self) -> None:
        """Let go of the connection."""


Report = Callable[[Parcel, str], None]
"""Gets every object that was stored or refused for good, with the answer."""


@dataclass
class Delivery:
    """What became of an outbox.

    Attributes:
        stored: number of objects that the archive has taken.
        refused: number of objects that it will never take.
        waiting: number of objects that are still in the outbox.
        trouble: why they are; the last failure that is not final, in one sentence.
    """

    stored: int = 0
    refused: int = 0
    waiting: int = 0
    trouble: str | None = field(default=None)


def deliver(
    outbox: Outbox,
    sender: Sender,
    report: Report,
    *,
    patience: float = PATIENCE,
    pauses: Callable[[], Iterator[float]] = growing_pauses,
    stop: threading.Event | None = None,
) -> Delivery:
    """Send everything that waits.

    Args:
        outbox: emptied, but for what cannot be stored now.
        sender: where to.
        report: called before an object leaves the outbox: a crash in between repeats both.
        patience: s; the sum of the pauses since the last success, then it gives up.
        pauses: makes the pauses between two rounds, in s.
        stop: gives up as soon as it is set.

    Returns:
        the counts.
    """
    stop = stop or threading.Event()
    total, left, pause = Delivery(), patience, pauses()
    try:
        while not stop.is_set():
            done = total.stored + total.refused
            fault = _one_round(outbox, sender, report, total, stop)
            if fault is None or fault is Fault.MISCONFIGURED:
                break
            if total.stored + total.refused > done:
                left, pause = patience, pauses()
            wait = next(pause)
            left -= wait
            if left < 0 or stop.wait(wait):
                break
    finally:
        sender.close()
    total.waiting = len(outbox.waiting())
    return total


def _one_round(
    outbox: Outbox, sender: Sender, report: Report, total: Delivery, stop: threading.Event
) -> Fault | None:
    """Try each waiting object once; return why some of them still wait."""
    fault = None
    for parcel in outbox.waiting():
        if stop.is_set():
            return fault
        failed = _one(outbox, sender, report, total, parcel)
        fault = failed or fault
        if failed in (Fault.UNREACHABLE, Fault.MISCONFIGURED):
            break
    return fault


def _one(
    outbox: Outbox, sender: Sender, report: Report, total: Delivery, parcel: Parcel
) -> Fault | None:
    try:
        answer = sender.send(parcel.path)
    except FileNotFoundError:  # another process has sent it
        return None
    except DeliveryError as error:
        if error.fault is not Fault.REFUSED:
            total.trouble = str(error)
            return error.fault
        report(parcel, str(error))
        outbox.settle_failed(parcel, str(error))
        total.refused += 1
    else:
        report(parcel, answer)
        outbox.settle_sent(parcel)
        total.stored += 1
    return None

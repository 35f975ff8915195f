"""Where generated images go besides a folder."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from cem_monai.transport import (
    PATIENCE,
    AuditLog,
    Delivery,
    Outbox,
    Parcel,
    Sender,
    StoreSender,
    StowSender,
    check_ae_title,
    deliver,
    parse_peer,
)


def make_sender(stow: str | None, store: str | None, *, ae_title: str) -> Sender | None:
    """Return the way to an archive.

    Args:
        stow: address of its DICOMweb service.
        store: its DICOM address, AE@host:port.
        ae_title: how we call ourselves there.

    Returns:
        None if neither is given.

    Raises:
        ValueError: both are given, or the address is none.
    """
    check_ae_title(ae_title)
    if stow is not None and store is not None:
        raise ValueError("--stow and --store are two ways to an archive: name one")
    if stow is not None:
        return StowSender(stow)
    return None if store is None else StoreSender(parse_peer(store), ae_title=ae_title)


@dataclass
class Target:
    """An archive with the outbox in front of it.

    Attributes:
        sender: way to the archive.
        outbox: what waits for it; one for each destination, so that nothing goes astray when the
            next run names another one.
        audit: gets a line for each answer.
    """

    sender: Sender
    outbox: Outbox
    audit: AuditLog

    @classmethod
    def below(cls, folder: Path, sender: Sender, audit: AuditLog) -> Target:
        """Return the archive's target with its outbox in `folder`."""
        return cls(sender, Outbox(folder / "outbox" / _slug(sender.destination)), audit)

    def deliver(
        self,
        report: Callable[[Parcel, str], None],
        *,
        patience: float = PATIENCE,
        stop: threading.Event | None = None,
    ) -> Delivery:
        """Send what waits; see `cem_monai.transport.deliver`."""

        def tell(parcel: Parcel, answer: str) -> None:
            self.audit.write(
                **parcel.facts,
                output_sop_instance_uid=parcel.uid,
                destination=self.sender.destination,
                result=answer,
            )
            report(parcel, answer)

        return deliver(self.outbox, self.sender, tell, patience=patience, stop=stop)

    def deliver_with_bar(self, *, patience: float = PATIENCE) -> Delivery:
        """Send what waits and show how far it is."""
        with tqdm(total=len(self.outbox.waiting()), desc="sending", unit="image") as bar:

            def advance(parcel: Parcel, answer: str) -> None:
                bar.update()

            return self.deliver(advance, patience=patience)


def _slug(destination: str) -> str:
    """Return a folder name: readable, and different for every destination."""
    digest = hashlib.sha256(destination.encode()).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9.]+', '-', destination).strip('-.')[:60]}-{digest}"

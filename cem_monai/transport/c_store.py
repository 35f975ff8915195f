"""Store objects over the DICOM protocol: C-STORE (PS3.4 annex B)."""

from __future__ import annotations

import os
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.association import Association

from cem_monai.transport.association import OWN_AE_TITLE, open_association
from cem_monai.transport.delivery_error import DeliveryError, Fault
from cem_monai.transport.peer import Peer
from cem_monai.transport.store_status import DUPLICATE, fault_of_status, is_stored

PLAIN = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))
"""Every archive takes at least the second one (PS3.5 10.1)."""

Kind = tuple[str, str]
"""SOP class and transfer syntax."""


class StoreSender:
    """Sends objects over one association, which is opened anew after a failure.

    Args:
        peer: the archive.
        ae_title: of the sender; the archive may have to know it.
    """

    def __init__(self, peer: Peer, *, ae_title: str = OWN_AE_TITLE) -> None:
        self._peer = peer
        self._ae_title = ae_title
        self._association: Association | None = None
        self._kind: Kind | None = None

    @property
    def destination(self) -> str:
        """How messages and the audit name it."""
        return str(self._peer)

    def send(self, path: str | os.PathLike[str]) -> str:
        """Store one DICOM file.

        An archive that does not take its compression gets the same pixels uncompressed.

        Returns:
            what the archive answered, e.g. `"stored"`.

        Raises:
            DeliveryError: it was not stored.
        """
        dataset = pydicom.dcmread(Path(path))
        association = self._associate(dataset)
        try:
            _fit(dataset, association)
            answer = association.send_c_store(dataset)
        except ValueError:  # no presentation context was accepted for this kind
            sentence = f"{self._peer}: takes no {_name(dataset)}"
            raise DeliveryError(sentence, Fault.REFUSED) from None
        except RuntimeError:  # the association ended since
            answer = Dataset()
        return self._outcome(answer)

    def close(self) -> None:
        """Release the association."""
        association, self._association = self._association, None
        if association is not None and association.is_established:
            association.release()

    def _associate(self, dataset: Dataset) -> Association:
        kind = (str(dataset.SOPClassUID), str(dataset.file_meta.TransferSyntaxUID))
        if self._association is None or not self._association.is_established or kind != self._kind:
            self.close()
            sop_class, syntax = kind
            # In contexts of their own, so that the archive can accept all
            contexts = [(sop_class, [one]) for one in dict.fromkeys((syntax, *PLAIN))]
            self._association = open_association(self._peer, contexts, ae_title=self._ae_title)
            self._kind = kind
        return self._association

    def _outcome(self, answer: Dataset) -> str:
        status = answer.get("Status")
        if status is None:
            self.close()
            raise DeliveryError(f"{self._peer}: broke off while storing", Fault.UNREACHABLE)
        if not is_stored(status):
            sentence = f"{self._peer}: refuses the object with status 0x{status:04X}"
            raise DeliveryError(sentence, fault_of_status(status))
        if status == DUPLICATE:
            return "stored before"
        return "stored" if status == 0 else f"stored with warning 0x{status:04X}"


def _fit(dataset: Dataset, association: Association) -> None:
    """Decompress what the archive takes only uncompressed."""
    syntax = dataset.file_meta.TransferSyntaxUID
    accepted = {one for context in association.accepted_contexts for one in context.transfer_syntax}
    if syntax.is_compressed and syntax not in accepted and accepted & set(PLAIN):
        dataset.decompress(generate_instance_uid=False)


def _name(dataset: Dataset) -> str:
    return f"{dataset.SOPClassUID.name} in {dataset.file_meta.TransferSyntaxUID.name}"

"""Fetch a study over the DICOM protocol: C-FIND for its series, C-GET for their objects.

C-GET brings the objects over the association that asked for them. C-MOVE would open another one to
a port of ours that every archive has to know.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation

from cem_monai.atomic import atomic_write
from cem_monai.transport.association import OWN_AE_TITLE, open_association
from cem_monai.transport.delivery_error import DeliveryError, Fault
from cem_monai.transport.peer import Peer
from cem_monai.transport.sop_classes import (
    MG_FOR_PRESENTATION,
    MG_FOR_PROCESSING,
    TRANSFER_SYNTAXES,
)
from cem_monai.transport.storage_service import _bound_socket
from cem_monai.transport.uid import check_uid, file_stem

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
PLAIN = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))
MOST_OBJECTS = 2000
"""Of one study; a mammographic one has some ten."""
PENDING = (0xFF00, 0xFF01)
OUT_OF_RESOURCES = 0xA700


class DimseSource:
    """One study of an archive that speaks the DICOM protocol.

    Args:
        peer: the archive.
        study_instance_uid: what to fetch.
        ae_title: of the one who asks; the archive may have to know it.
    """

    def __init__(
        self, peer: Peer, study_instance_uid: str, *, ae_title: str = OWN_AE_TITLE
    ) -> None:
        self._peer = peer
        self._uid = study_instance_uid
        self._ae_title = ae_title

    def studies(self) -> Iterator[str]:
        """Yield the one study."""
        yield self._uid

    def fetch(self, study_instance_uid: str, folder: Path) -> int:
        """Write every mammogram For Presentation of a study to a folder.

        Raises:
            DeliveryError: the archive does not answer as it should, not with all objects, or with
                too many or too large ones.
            OSError: the folder is full.
        """
        arrivals = _Arrivals(folder, self._peer)
        association = self._open(arrivals)
        try:
            series = list(self._mammography_series(association, study_instance_uid))
            for uid in series:
                self._get(association, study_instance_uid, uid, arrivals)
        except DeliveryError as error:
            raise arrivals.trouble or error from None
        finally:
            association.release()
        return arrivals.count

    def _open(self, arrivals: _Arrivals) -> Association:
        images = (MG_FOR_PRESENTATION, MG_FOR_PROCESSING)
        # One context for each encoding: the archive then sends what it has, as it has it
        contexts = [(image, [syntax]) for image in images for syntax in TRANSFER_SYNTAXES]
        return open_association(
            self._peer,
            [(STUDY_ROOT_FIND, PLAIN), (STUDY_ROOT_GET, PLAIN), *contexts],
            ae_title=self._ae_title,
            ext_neg=[_we_receive(image) for image in images],
            evt_handlers=[
                (evt.EVT_CONN_OPEN, arrivals.bound),
                (evt.EVT_C_STORE, arrivals.take),
            ],
        )

    def _mammography_series(self, association: Association, study: str) -> Iterator[str]:
        question = _level("SERIES", study, "")
        question.Modality = "MG"
        for status, answer in _ask(association.send_c_find, question, STUDY_ROOT_FIND, self._peer):
            if status.Status in PENDING and answer is not None:
                if answer.get("Modality") in ("MG", None, ""):
                    yield self._checked(answer.get("SeriesInstanceUID"))
            elif status.Status != 0:
                raise self._refuses("the search", status.Status)

    def _checked(self, uid: object) -> str:
        try:
            return check_uid(str(uid))
        except ValueError:
            sentence = f"{self._peer}: answers a search without a valid UID"
            raise DeliveryError(sentence, Fault.REFUSED) from None

    def _get(self, association: Association, study: str, series: str, arrivals: _Arrivals) -> None:
        final = Dataset()
        request = _level("SERIES", study, series)
        for status, _ in _ask(association.send_c_get, request, STUDY_ROOT_GET, self._peer):
            final = status
        if arrivals.trouble is not None:
            raise arrivals.trouble
        if final.get("Status") is None:
            raise DeliveryError(f"{self._peer}: broke off while sending", Fault.UNREACHABLE)
        if final.Status != 0:
            raise self._refuses("to send all objects", final.Status)

    def _refuses(self, what: str, status: int) -> DeliveryError:
        return DeliveryError(f"{self._peer}: refuses {what}, status 0x{status:04X}", Fault.REFUSED)


class _Arrivals:
    """Takes what the archive sends and writes it to a folder, within bounds."""

    def __init__(self, folder: Path, peer: Peer) -> None:
        self.folder, self.peer = folder, peer
        self.count = 0
        self.trouble: OSError | DeliveryError | None = None

    def bound(self, event: evt.Event) -> None:
        """Let the connection count what it is asked to read, before it reads it."""
        _bound_socket(event.assoc.dul.socket, lambda _: self._too_much("object is too large"))

    def take(self, event: evt.Event) -> int:
        """Answer one C-STORE sub-operation."""
        request: Any = event.request
        connection: Any = event.assoc.dul.socket
        if connection is not None:  # else it has hung up meanwhile
            connection.budget.refill()
        if self.count == MOST_OBJECTS:
            self._too_much(f"study has more than {MOST_OBJECTS} objects")
            return OUT_OF_RESOURCES
        if request.AffectedSOPClassUID != MG_FOR_PRESENTATION:
            return 0x0000  # transferred since it shares a series; the gate would refuse it
        name = f"{file_stem(str(request.AffectedSOPInstanceUID))}.dcm"
        try:
            with atomic_write(self.folder / name) as file:
                file.write(event.encoded_dataset())
        except OSError as error:
            self.trouble = error
            return OUT_OF_RESOURCES
        self.count += 1
        return 0x0000

    def _too_much(self, what: str) -> None:
        self.trouble = DeliveryError(f"{self.peer}: its {what}", Fault.REFUSED)


def _ask(send: Any, question: Dataset, model: str, peer: Peer) -> Iterator[tuple[Dataset, Any]]:
    """Yield the answers to a query.

    Raises:
        DeliveryError: the archive does not offer this query, or breaks off.
    """
    try:
        for status, answer in send(question, model):
            if "Status" not in status:
                raise DeliveryError(f"{peer}: broke off", Fault.UNREACHABLE)
            yield status, answer
    except DeliveryError:
        raise
    except (ValueError, RuntimeError):  # no such presentation context, or no association
        raise DeliveryError(f"{peer}: offers no C-FIND or no C-GET", Fault.MISCONFIGURED) from None


def _level(level: str, study: str, series: str) -> Dataset:
    question = Dataset()
    question.QueryRetrieveLevel = level
    question.StudyInstanceUID, question.SeriesInstanceUID = study, series
    return question


def _we_receive(sop_class: str) -> SCP_SCU_RoleSelectionNegotiation:
    role = SCP_SCU_RoleSelectionNegotiation()
    role.sop_class_uid = sop_class
    role.scu_role, role.scp_role = False, True
    return role

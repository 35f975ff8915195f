"""Open a DICOM association as the one who calls; every failure is one sentence."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association

from cem_monai.transport.delivery_error import DeliveryError, Fault
from cem_monai.transport.peer import Peer

OWN_AE_TITLE = "CEM_MONAI"
MAX_PDU = 65536
"""Bytes."""
TIMEOUT = 30.0
"""s for the handshake, and for each answer."""
TRANSIENT = 2
"""Result of a rejection that may not last (PS3.8 9.3.4)."""


def open_association(
    peer: Peer,
    contexts: Sequence[tuple[str, Sequence[str]]],
    *,
    ae_title: str = OWN_AE_TITLE,
    **more: Any,
) -> Association:
    """Open an association.

    Args:
        peer: whom to call.
        contexts: abstract syntaxes, each with its transfer syntaxes.
        ae_title: of the caller.
        more: arguments of pynetdicom's `associate`.

    Raises:
        DeliveryError: nobody answers, or the peer rejects the association.
    """
    silence_pynetdicom()
    entity = application_entity(ae_title)
    for abstract, transfers in contexts:
        entity.add_requested_context(abstract, list(transfers))
    try:
        association = entity.associate(
            peer.host, peer.port, ae_title=peer.ae_title, max_pdu=MAX_PDU, **more
        )
    except OSError as error:  # the name is unknown
        sentence = f"{peer}: is unreachable ({error.strerror or type(error).__name__})"
        raise DeliveryError(sentence, Fault.UNREACHABLE) from None
    if not association.is_established:
        raise _failure(association, peer)
    return association


def application_entity(ae_title: str) -> ApplicationEntity:
    """Return an application entity that waits for nobody longer than `TIMEOUT`."""
    entity = ApplicationEntity(ae_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = TIMEOUT
    entity.connection_timeout = TIMEOUT
    entity.maximum_pdu_size = MAX_PDU
    return entity


def silence_pynetdicom() -> None:
    """Keep its texts off the log: those of an error may quote the patient."""
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)


def _failure(association: Association, peer: Peer) -> DeliveryError:
    answer = association.acceptor.primitive
    if association.is_rejected and answer is not None:
        fault = Fault.UNREACHABLE if answer.result == TRANSIENT else Fault.MISCONFIGURED
        return DeliveryError(f"{peer}: rejects the association ({answer.reason_str})", fault)
    if answer is not None and not association.accepted_contexts:
        sentence = f"{peer}: accepts none of the offered kinds of objects"
        return DeliveryError(sentence, Fault.REFUSED)
    return DeliveryError(f"{peer}: is unreachable", Fault.UNREACHABLE)

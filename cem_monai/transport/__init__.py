"""To and from archives: an outbox, senders, sources, an audit. No deep learning."""

from __future__ import annotations

from cem_monai.transport.association import OWN_AE_TITLE
from cem_monai.transport.audit import AuditLog, broken_audit_lines
from cem_monai.transport.back_off import growing_pauses
from cem_monai.transport.c_store import StoreSender
from cem_monai.transport.delivery import PATIENCE, Delivery, Sender, deliver
from cem_monai.transport.delivery_error import DeliveryError, Fault
from cem_monai.transport.dicomweb import DicomwebSource
from cem_monai.transport.dimse import DimseSource
from cem_monai.transport.inbox import Inbox, InboxFullError
from cem_monai.transport.outbox import Outbox, Parcel
from cem_monai.transport.peer import Peer, check_ae_title, parse_peer
from cem_monai.transport.source import Source, archive_source
from cem_monai.transport.storage_service import Listening, StorageService
from cem_monai.transport.stow import StowSender
from cem_monai.transport.uid import check_uid

__all__ = [
    "OWN_AE_TITLE",
    "PATIENCE",
    "AuditLog",
    "Delivery",
    "DeliveryError",
    "DicomwebSource",
    "DimseSource",
    "Fault",
    "Inbox",
    "InboxFullError",
    "Listening",
    "Outbox",
    "Parcel",
    "Peer",
    "Sender",
    "Source",
    "StorageService",
    "StoreSender",
    "StowSender",
    "archive_source",
    "broken_audit_lines",
    "check_ae_title",
    "check_uid",
    "deliver",
    "growing_pauses",
    "parse_peer",
]

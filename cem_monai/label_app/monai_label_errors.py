"""Refusals as HTTP answers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import HTTPException

from cem_monai.command_line import root_error
from cem_monai.data import BreastMaskError
from cem_monai.dicom import MammogramError
from cem_monai.label_app.request_error import RequestError
from cem_monai.transport import DeliveryError

logger = logging.getLogger(__name__)

UNUSABLE, INTERNAL, BAD_GATEWAY = 422, 500, 502


@contextmanager
def as_http() -> Iterator[None]:
    """Turn what the block refuses into an answer with its sentence.

    Raises:
        HTTPException: 4xx for what was asked, 502 for an archive that does not answer, 500 for a
            model that is not set up as it should be.
    """
    try:
        yield
    except RequestError as error:
        raise HTTPException(error.status, str(error)) from None
    except DeliveryError as error:
        raise _failure(BAD_GATEWAY, error) from None
    except (MammogramError, BreastMaskError) as error:
        raise HTTPException(UNUSABLE, str(error)) from None
    except Exception as error:
        root = root_error(error)  # MONAI wraps errors three times
        if isinstance(root, (ValueError, FileNotFoundError)):
            raise _failure(INTERNAL, root) from None
        raise


def _failure(status: int, error: BaseException) -> HTTPException:
    """Tell it in the log too: not who asks, but who runs the server can mend it."""
    logger.error("%s", error)
    return HTTPException(status, str(error))

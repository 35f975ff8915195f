"""The verb for MONAI Label."""

from __future__ import annotations


def label_app() -> None:
    """Print the folder of the app for MONAI Label.

    monailabel start_server --app $(cem-monai label_app) --studies FOLDER_OR_DICOMWEB

    MONAI Label is not installed with this package: `make label` sets it up in an environment of its
    own, see docs/how-to/use-monai-label.md. Research only, not a medical device.
    """
    from cem_monai.label_app import APP

    print(APP)

"""The options of a translation, which two verbs share."""

from __future__ import annotations

from cem_monai.cli.values import center_width


def translation_options(
    *, display_window: str | None, allow_implants: bool, any_intensity: bool, **others: object
) -> dict[str, object]:
    """Return overrides of a bundle's config; what is None is left to the config.

    Args:
        display_window: CENTER,WIDTH.
        allow_implants: take breasts with an implant.
        any_intensity: take images unlike all that the model was trained on.
        others: by the names that they have in the config.

    Raises:
        ValueError: the window is none.
    """
    return {
        **others,
        "display_window": None if display_window is None else list(center_width(display_window)),
        "allow_implants": allow_implants or None,
        "check_intensity": False if any_intensity else None,
    }

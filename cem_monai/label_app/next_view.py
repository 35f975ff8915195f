"""Active learning: which view to draw on next."""

from __future__ import annotations

from typing import Any

from cem_monai.label_app.inference import UNCERTAINTY
from cem_monai.label_app.workspace import Workspace


def next_view(
    workspace: Workspace, reader: str, model: str | None = None
) -> tuple[str, float | None] | None:
    """Return the view on which a reader has not drawn and a model is least certain.

    Args:
        workspace: views and drawings.
        reader: for whom.
        model: task name; by default the most uncertain of all models counts.

    Returns:
        image id, and the uncertainty (None if no map was made: such views come last, by UID); None
        if the reader has drawn on all.
    """
    waiting = [uid for uid in workspace.views if reader not in workspace.drawings.readers(uid)]
    if not waiting:
        return None
    known = {uid: _uncertainty(workspace.facts(uid), model) for uid in waiting}
    first = min(waiting, key=lambda uid: (known[uid] is None, -(known[uid] or 0.0), uid))
    return first, known[first]


def _uncertainty(facts: dict[str, Any], model: str | None) -> float | None:
    of_models: dict[str, float] = facts.get(UNCERTAINTY, {})
    if model is not None:
        return of_models.get(model)
    return max(of_models.values(), default=None)

from __future__ import annotations

import numpy as np

from cem_monai.label_app.labelmap import Drawing
from cem_monai.label_app.next_view import next_view

MASK = np.zeros((64, 64), bool)


def test_largest_uncertainty_first_then_what_is_unknown(workspace):
    first, second = sorted(workspace.views)
    assert next_view(workspace, "ann") == (first, None)
    workspace.add_facts(second, {"uncertainty": {"virtual_des_a": 1.5}})
    assert next_view(workspace, "ann") == (second, 1.5)
    workspace.add_facts(first, {"uncertainty": {"virtual_des_a": 1.0, "virtual_des_b": 2.0}})
    assert next_view(workspace, "ann") == (first, 2.0)
    assert next_view(workspace, "ann", "virtual_des_a") == (second, 1.5)


def test_every_reader_gets_every_view(workspace):
    first, second = sorted(workspace.views)
    workspace.drawings.save(first, "ann", Drawing(MASK, MASK))
    assert next_view(workspace, "ann") == (second, None)
    assert next_view(workspace, "bob") == (first, None)
    workspace.drawings.save(second, "ann", Drawing(MASK, MASK))
    assert next_view(workspace, "ann") is None

"""What MONAI Label does in a process of its own, while the server goes on."""

from __future__ import annotations

import time

import numpy as np
import pydicom
import pytest

from cem_monai.label_app.nrrd_file import write_nrrd
from label_app.asking import MODEL, ask, label_folder

pytestmark = pytest.mark.slow
PATIENCE = 240  # seconds, on a machine that does other things too
REFUSED = "2.25.4711"


def wait_for(server, task: str) -> None:
    """Wait until the last one is done."""
    end = time.monotonic() + PATIENCE
    while (status := server.get(task)["status"]) in ("SUBMITTED", "RUNNING"):
        assert time.monotonic() < end, f"not within {PATIENCE} s: {task}"
        time.sleep(0.5)
    assert status == "DONE", server.get(task)


def test_scoring_method_writes_the_same_table(server, simulated, tmp_path):
    path = next(one for one in simulated if one.name == "L_MLO_LE.dcm")
    dataset = pydicom.dcmread(path)
    numbers = np.zeros(dataset.pixel_array.shape, np.uint8)
    numbers[120:130, 40:50] = 1
    write_nrrd(numbers, tmp_path / "a.nrrd", (0.5, 0.5))
    place = f"/datastore/label?image={dataset.SOPInstanceUID}&tag=final"
    status, body = ask(server, "PUT", place, params={"client_id": "eve"}, label=tmp_path / "a.nrrd")
    assert status == 200, body
    table = label_folder(server) / "cnr.csv"
    before = table.read_text()
    assert ",eve," in before
    table.write_text("")
    status, body = ask(server, "POST", "/scoring/cnr")
    assert status == 200, body
    wait_for(server, "/scoring/")
    assert table.read_text() == before


def test_batch_makes_the_maps_of_all_views_that_nobody_drew_on(server):
    status, body = ask(server, "POST", f"/batch/infer/{MODEL}?images=unlabeled")
    assert status == 200, body
    wait_for(server, "/batch/infer")
    views = server.get("/datastore/?output=all")["objects"]
    waiting = {uid: one["image"] for uid, one in views.items() if not one["image"]["readers"]}
    assert REFUSED in waiting
    assert len(waiting) > 1
    for uid, facts in waiting.items():
        if uid == REFUSED:
            assert "uncertainty" not in facts
        else:
            assert facts["uncertainty"][MODEL] > 0

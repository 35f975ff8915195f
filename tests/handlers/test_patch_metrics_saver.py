from __future__ import annotations

import csv
import math

import numpy as np
import pytest
import torch
from ignite.engine import Engine

from cem_monai.handlers import PatchMetricsSaver
from cem_monai.metrics import carneiro_contrast_index


def rows_of(path, cases, **options):
    engine = Engine(lambda _, batch: [{} for _ in batch])
    PatchMetricsSaver(path, {"copy": "image", "model": "pred"}, **options).attach(engine)
    engine.run([cases])
    with path.open() as file:
        return list(csv.DictReader(file))


def case(number, label=None):
    rng = np.random.default_rng(number)
    image, pred, real = (rng.integers(0, 256, (1, 9, 7)).astype(np.float32) for _ in range(3))
    images = {"image": image, "pred": pred, "label": real if label is None else label}
    place = {"patient": "A1", "row": torch.tensor(150), "column": torch.tensor(0)}
    return {"case": f"C{number}", **place, **{k: torch.from_numpy(v) for k, v in images.items()}}


def test_every_patch_and_predictor_is_measured(tmp_path):
    cases = [case(0), case(1)]
    rows = rows_of(tmp_path / "m.csv", cases)
    assert [(row["case"], row["predictor"]) for row in rows] == [
        *(("C0", "copy"), ("C0", "model"), ("C1", "copy"), ("C1", "model"))
    ]
    assert (rows[0]["patient"], rows[0]["row"], rows[0]["column"]) == ("A1", "150", "0")
    generated, real = (cases[1][key][0].numpy().astype(float) for key in ("pred", "label"))
    square = np.mean((generated - real) ** 2)
    of_real, of_generated = (carneiro_contrast_index(one, 8) for one in (real, generated))
    expected = {
        **{"l1": np.mean(abs(generated - real)), "l2": square},
        **{"psnr": 10 * math.log10(255**2 / square), "cci_real": of_real},
        **{"cci_generated": of_generated, "cci_ratio": of_generated / of_real},
    }
    assert {key: float(rows[3][key]) for key in expected} == pytest.approx(expected, rel=1e-6)


def test_constant_patch_has_no_ratio(tmp_path):
    rows = rows_of(tmp_path / "m.csv", [case(0, label=np.full((1, 9, 7), 4, np.float32))])
    assert [(row["cci_real"], row["cci_ratio"]) for row in rows] == [("0", ""), ("0", "")]


def test_pixel_that_is_not_finite_is_refused(tmp_path):
    broken = case(0)
    broken["pred"][0, 1, 2] = math.nan
    with pytest.raises(ValueError, match="case C0, model: 1 of 63 pixels are not finite"):
        rows_of(tmp_path / "m.csv", [broken])
    assert not (tmp_path / "m.csv").exists()

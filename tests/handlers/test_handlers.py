from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from monai.data import MetaTensor, list_data_collate
from monai.engines import SupervisedEvaluator

from cem_monai.handlers import CaseMetricsSaver, DeltaCNR, LossHistory, TrainingCheckpoint
from cem_monai.metrics import (
    CaseMeasures,
    CaseRegions,
    MeasureOptions,
    delta_cnr_breast,
    delta_cnr_mass,
)
from cem_monai.networks import load_weights
from exams import breast_and_mass

SIZE = 96
SETTINGS = {"image_size": 64}
WINDOW = {"patch_size": 8, "stride": 2, "edge": "strict"}


def case(number: int, *, with_mass: bool = True) -> dict:
    """Stored values: the generated image is the real one with noise and less contrast."""
    rng = np.random.default_rng(number)
    breast, mass, surround = breast_and_mass(SIZE)
    real = np.where(breast, 2000 + 10 * rng.normal(size=breast.shape) + 100 * mass, 0).round()
    generated = np.where(breast, real - 60 * mass + 5 * rng.normal(size=breast.shape), 0).round()
    meta = {"value_low": 0.0, "value_high": 4095.0}

    def tensor(array):
        return MetaTensor(torch.from_numpy(array.astype(np.float32))[None], meta=meta)

    images = {"image": tensor(real), "label": tensor(real)}
    masks = {
        "breast": tensor(breast),
        "mass": tensor(mass & with_mass),
        "surround": tensor(surround & with_mass),
    }
    return {"case": f"C{number}", "patient": f"P{number}", **images, **masks, "made": generated}


class Recall(torch.nn.Module):
    """A network that gives back what was prepared: the evaluator under test does the rest."""

    def __init__(self, cases):
        super().__init__()
        self.generated = iter([c["made"] for c in cases])

    def forward(self, image):
        return torch.from_numpy(next(self.generated)).float()[None, None]


def evaluate(cases, **options):
    loader = [
        list_data_collate([{key: value for key, value in c.items() if key != "made"}])
        for c in cases
    ]
    evaluator = SupervisedEvaluator(
        device=torch.device("cpu"), val_data_loader=loader, network=Recall(cases), **options
    )
    evaluator.run()
    return evaluator


def planes(c):
    return c["made"], *(c[key][0].numpy() for key in ("label", "breast", "mass", "surround"))


def test_delta_cnr_is_the_mean_of_the_metric_over_cases_with_a_mass():
    cases = [case(0), case(1), case(2, with_mass=False)]
    evaluator = evaluate(cases, key_val_metric={"delta": DeltaCNR("mass", **WINDOW)})
    expected = []
    for c in cases[:2]:
        generated, real, _, mass, surround = planes(c)
        expected.append(delta_cnr_mass(generated, real, mass, surround).delta)
    assert evaluator.state.metrics["delta"] == pytest.approx(np.mean(expected), abs=1e-9)
    details = evaluator.state.metric_details["delta"]
    assert details.shape == (3, 2)
    assert math.isnan(details[2, 1])


def test_delta_cnr_of_the_breast():
    cases = [case(0), case(1)]
    evaluator = evaluate(cases, key_val_metric={"delta": DeltaCNR("breast", **WINDOW)})
    values = []
    for c in cases:
        generated, real, breast, _, _ = planes(c)
        values.append(delta_cnr_breast(generated, real, breast, **WINDOW).delta)
    assert evaluator.state.metrics["delta"] == pytest.approx(np.mean(values), abs=1e-9)


def test_delta_cnr_knows_its_regions():
    with pytest.raises(ValueError, match="'lesion'"):
        DeltaCNR("lesion")


def test_metrics_csv_holds_every_case_and_predictor(tmp_path):
    cases = [case(0), case(1, with_mass=False)]
    saver = CaseMetricsSaver(tmp_path / "m.csv", {"model": "pred", "copy": "label"}, **WINDOW)
    evaluate(cases, val_handlers=[saver])
    rows = read(tmp_path / "m.csv")
    assert [(row["case"], row["predictor"], row["lesion"]) for row in rows] == [
        ("C0", "model", ""),
        ("C0", "model", "1"),
        ("C0", "copy", ""),
        ("C0", "copy", "1"),
        ("C1", "model", ""),
        ("C1", "copy", ""),
    ]
    generated, real, breast, mass, surround = planes(cases[0])
    measures = CaseMeasures(
        real.astype(int),
        CaseRegions(breast, [(mass, surround)]),
        MeasureOptions((0, 4095), **WINDOW),
    )
    check(rows[0], measures.case_row(generated.astype(int)))
    (lesion,) = measures.lesion_rows(generated.astype(int))
    check(rows[1], lesion)
    assert float(rows[2]["breast_l1"]) == 0
    assert rows[4]["mass_delta_cnr"] == ""  # no mass: an empty field, never 0


def read(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def check(row, expected):
    for name, value in expected.items():
        if math.isnan(value):
            assert row[name] == "", name
        else:
            assert float(row[name]) == pytest.approx(value, rel=1e-8), name


def full_case():
    """Second reader, decoy, mirrored position and spacing, as evaluate.json has them."""
    c = case(0)
    for key, shift in (("mass_second", 1), ("surround_second", 1), ("decoy", 16), ("mirrored", 9)):
        source = c["surround" if key.startswith("surround") else "mass"]
        c[key] = torch.roll(source, shift, dims=1)
    c["label"].meta["spacing_known"] = True
    c["label"].affine = torch.diag(torch.tensor([0.5, 0.25, 1.0]))
    return c | {"density": "c", "known_lesions": json.dumps([["occult", 0.5, 0.3]])}


def test_all_that_a_case_holds_is_measured(tmp_path):
    c = full_case()
    saver = CaseMetricsSaver(
        tmp_path / "m.csv", {"model": "pred"}, facts=["density", "machine"], threshold=126, **WINDOW
    )
    evaluate([c], val_handlers=[saver])
    of_case, of_lesion = read(tmp_path / "m.csv")
    masks = {key: np.asarray(c[key][0]) for key in c if key.startswith(("mass", "surround"))}
    regions = CaseRegions(
        np.asarray(c["breast"][0]),
        [(masks["mass"], masks["surround"]), (masks["mass_second"], masks["surround_second"])],
        decoy=np.asarray(c["decoy"][0]),
        mirrored=np.asarray(c["mirrored"][0]),
        pixel_area=0.125,
    )
    options = MeasureOptions((0, 4095), threshold=126, **WINDOW)
    measures = CaseMeasures(np.asarray(c["label"][0]).astype(int), regions, options)
    check(of_case, measures.case_row(c["made"].astype(int)))
    check(of_lesion, measures.lesion_rows(c["made"].astype(int))[0])
    assert float(of_case["decoy_pixels"]) > 0 < float(of_case["mirror_pixels"])
    assert (of_case["density"], of_case["machine"]) == ("c", "")
    assert of_lesion["lesion_kind"] == "occult"
    diameter = 2 * math.sqrt(masks["mass"].sum() * 0.125 / math.pi)
    assert float(of_lesion["lesion_diameter_mm"]) == pytest.approx(diameter)


def test_without_spacing_there_are_no_millimeters(tmp_path):
    saver = CaseMetricsSaver(tmp_path / "m.csv", {"model": "pred"}, threshold=126, **WINDOW)
    evaluate([case(0)], val_handlers=[saver])
    of_case, of_lesion = read(tmp_path / "m.csv")
    assert of_case["false_foci"] == of_lesion["lesion_diameter_mm"] == ""
    assert of_case["false_share"] != ""


def test_histograms_lie_beside_the_metrics(tmp_path):
    """Of the second run alone, though the handler has seen two."""
    saver = CaseMetricsSaver(tmp_path / "m.csv", {"model": "pred"}, **WINDOW)
    evaluate([case(5)], val_handlers=[saver])
    evaluate([case(0), case(1, with_mass=False)], val_handlers=[saver])
    rows = read(tmp_path / "histograms.csv")
    assert [(row["setting"], row["predictor"]) for row in rows] == [
        (setting, predictor)
        for setting in ("breast_with_mass", "breast_without_mass", "mass_only")
        for predictor in ("model", "real")
    ]
    _, real, breast, _, _ = planes(case(0))
    bins = np.histogram(real[breast > 0], 256, (0, 4095))[0] / breast.sum()
    written = [float(rows[1][f"bin_{number}"]) for number in range(256)]
    assert written == pytest.approx(bins, abs=1e-6)


def test_data_range_is_that_of_the_format_unless_given(tmp_path):
    for name, given in (("format", None), ("window", (1900, 2200))):
        path = tmp_path / f"{name}.csv"
        saver = CaseMetricsSaver(path, {"model": "pred"}, data_range=given, **WINDOW)
        evaluate([case(0)], val_handlers=[saver])
    l1 = {
        name: float(read(tmp_path / f"{name}.csv")[0]["breast_l1"]) for name in ("format", "window")
    }
    assert l1["window"] == pytest.approx(l1["format"] * 4095 / 300)


def test_no_metrics_csv_is_left_by_a_failed_evaluation(tmp_path):
    broken = case(0)
    broken["made"] = broken["made"] * np.nan
    saver = CaseMetricsSaver(tmp_path / "m.csv", {"model": "pred"}, **WINDOW)
    with pytest.raises(ValueError, match=r"case C0, model: .* not finite"):
        evaluate([broken], val_handlers=[saver])
    assert list(tmp_path.iterdir()) == []


def trainer(epochs=3, iterations=2):
    """A bare engine whose output is a loss that counts its iterations."""
    engine = Engine(lambda engine, batch: {"loss": float(engine.state.iteration)})
    engine.run_epochs = lambda: engine.run([0] * iterations, max_epochs=epochs)
    return engine


def test_loss_history_writes_the_mean_of_every_epoch_and_its_learning_rate(tmp_path):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    engine = trainer()

    @engine.on(Events.EPOCH_COMPLETED)
    def _schedule():
        optimizer.param_groups[0]["lr"] /= 2

    history = LossHistory(tmp_path / "losses.csv", lambda output: output, optimizer, ("loss",))
    history.attach(engine)
    engine.run_epochs()
    rows = list(csv.DictReader((tmp_path / "losses.csv").open()))
    assert [float(row["loss"]) for row in rows] == [1.5, 3.5, 5.5]
    assert [float(row["learning_rate"]) for row in rows] == [1, 0.5, 0.25]
    assert [int(row["iteration"]) for row in rows] == [2, 4, 6]


def checkpoint(tmp_path, interval):
    network = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(network.parameters())
    states = {"generator": network, "optimizer": optimizer}
    return network, TrainingCheckpoint(tmp_path, network, states, SETTINGS, interval=interval)


def test_checkpoint_holds_all_states_and_the_position(tmp_path):
    network, handler = checkpoint(tmp_path, interval=2)
    engine = trainer(epochs=3)
    handler.attach(engine)
    engine.run_epochs()
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert set(saved) == {"generator", "optimizer", "epoch", "iteration", "settings"}
    assert (saved["epoch"], saved["iteration"]) == (3, 6)
    weights = torch.load(tmp_path / "model.pt", weights_only=True)
    assert torch.equal(weights["weight"], network.weight)


@pytest.mark.parametrize(("epochs", "saves"), [(5, [2, 4, 5]), (4, [2, 4])])
def test_checkpoint_interval(tmp_path, epochs, saves):
    """The last epoch is saved, once."""
    _, handler = checkpoint(tmp_path, interval=2)
    engine, seen = trainer(epochs=epochs), []
    save = handler._write
    handler._write = lambda content: (seen.append(content["epoch"]), save(content))
    handler.attach(engine)
    engine.run_epochs()
    assert seen == saves
    previous = torch.load(tmp_path / "checkpoint_previous.pt", weights_only=True)
    assert previous["epoch"] == saves[-2]


def test_weights_tell_their_preprocessing(tmp_path):
    network, handler = checkpoint(tmp_path, interval=1)
    engine = trainer(epochs=1)
    handler.attach(engine)
    engine.run_epochs()
    load_weights(network, tmp_path / "model.pt", SETTINGS)
    with pytest.raises(ValueError, match=r"trained with image_size 64, now it is 128"):
        load_weights(network, tmp_path / "model.pt", {"image_size": 128})


def test_failed_save_keeps_the_older_checkpoint(tmp_path, monkeypatch):
    _, handler = checkpoint(tmp_path, interval=1)
    engine = trainer(epochs=1)
    handler.attach(engine)
    engine.run_epochs()
    before = (tmp_path / "checkpoint.pt").read_bytes()
    handler.saved_epoch = 0

    def disk_full(content, file):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(torch, "save", disk_full)
    with pytest.raises(OSError, match="No space"):
        handler._save(engine)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.pt", "model.json", "model.pt"}


def test_checkpoint_interval_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="0"):
        checkpoint(tmp_path, interval=0)

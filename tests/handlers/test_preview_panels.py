"""Pictures in TensorBoard, as a TensorBoard that runs beside the training reads them."""

from __future__ import annotations

import io

import numpy as np
import torch
from ignite.engine import Engine
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from cem_monai.handlers import PreviewPanels

REAL, GENERATED = 100.0, 300.0


def evaluator(folder, cases=("a", "b", "c"), side=8):
    """Return an engine whose iterations validate one case each."""

    def validate(engine, batch):
        image = torch.full((1, side, side), REAL)
        return [{**batch[0], "label": image, "pred": torch.full_like(image, GENERATED)}]

    engine = Engine(validate)
    PreviewPanels(folder, cases=2, data_range=(0.0, 400.0)).attach(engine)

    def run():
        engine.run([[{"case": case}] for case in cases], max_epochs=engine.state.epoch + 1)

    return run


def followed(folder):
    return EventAccumulator(str(folder), size_guidance={"images": 0})


def test_each_validation_arrives_while_the_training_runs(tmp_path):
    run = evaluator(tmp_path)
    run()
    live = followed(tmp_path).Reload()
    run()
    run()
    live.Reload()

    assert live.Tags()["images"] == [f"preview/{case}: real, generated" for case in "ab"]
    for tag in live.Tags()["images"]:
        assert [event.step for event in live.Images(tag)] == [1, 2, 3]
    assert len(list(tmp_path.iterdir())) == 1


def test_panel_has_one_gray_scale_for_both_images(tmp_path):
    evaluator(tmp_path)()
    event = followed(tmp_path).Reload().Images("preview/a: real, generated")[0]
    panel = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)).convert("L"))

    assert panel.shape == (8, 16)
    assert np.abs(panel[:, :8] / 255 - REAL / 400).max() < 1 / 255
    assert np.abs(panel[:, 8:] / 255 - GENERATED / 400).max() < 1 / 255


def test_large_images_are_thinned_out(tmp_path):
    evaluator(tmp_path, side=1100)()
    event = followed(tmp_path).Reload().Images("preview/a: real, generated")[0]

    assert (event.height, event.width) == (367, 734)

from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.engines import SupervisedEvaluator
from monai.handlers import StatsHandler, TensorBoardStatsHandler

from cem_monai.handlers import CarneiroContrastIndex
from cem_monai.metrics import carneiro_contrast_index


class HalfContrast(torch.nn.Module):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return 64 + image / 2 + 0.2  # rounded by the handler


def images(count: int = 2) -> list[torch.Tensor]:
    rng = np.random.default_rng(0)
    return [torch.from_numpy(rng.integers(0, 64, (1, 1, 9, 11)) * 2.0) for _ in range(count)]


def evaluate(data: list[torch.Tensor], **options: object) -> SupervisedEvaluator:
    evaluator = SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=[{"image": image, "label": image} for image in data],
        network=HalfContrast(),
        **options,
    )
    evaluator.run()
    return evaluator


def test_ratio_and_both_indices_are_metrics() -> None:
    data = images()
    evaluator = evaluate(data, key_val_metric={"cci": CarneiroContrastIndex()})
    real = [carneiro_contrast_index(image[0, 0], 8) for image in data]
    metrics = evaluator.state.metrics
    assert metrics["cci_real"] == pytest.approx(np.mean(real))
    assert metrics["cci_generated"] == pytest.approx(np.mean(real) / 2)
    assert metrics["cci"] == pytest.approx(0.5)
    details = evaluator.state.metric_details["cci"]
    assert details[:, 0].tolist() == real
    assert details.shape == (2, 3)


def test_options_reach_the_index() -> None:
    data = images()
    metric = CarneiroContrastIndex(12, "none", keys=("label", "label"))
    metrics = evaluate(data, key_val_metric={"cci": metric}).state.metrics
    real = [carneiro_contrast_index(image[0, 0], 12, normalize="none") for image in data]
    assert metrics["cci_generated"] == metrics["cci_real"] == pytest.approx(np.mean(real))


def test_each_evaluation_starts_anew() -> None:
    evaluator = evaluate(images(3), key_val_metric={"cci": CarneiroContrastIndex()})
    evaluator.run()
    assert evaluator.state.metric_details["cci"].shape == (3, 3)


def test_constant_images_have_no_ratio() -> None:
    flat = [torch.full((1, 1, 5, 5), 8.0)]
    metrics = evaluate(flat, key_val_metric={"cci": CarneiroContrastIndex()}).state.metrics
    assert metrics["cci_real"] == metrics["cci_generated"] == 0
    assert np.isnan(metrics["cci"])


def test_loggers_take_the_metrics(tmp_path, capsys) -> None:
    handlers = [
        StatsHandler(iteration_log=False),
        TensorBoardStatsHandler(log_dir=str(tmp_path), iteration_log=False),
    ]
    metric = {"cci": CarneiroContrastIndex()}
    metrics = evaluate(images(), key_val_metric=metric, val_handlers=handlers).state.metrics
    printed = capsys.readouterr().out
    for name in ("cci", "cci_real", "cci_generated"):
        assert f"{name}: {metrics[name]:.4f}" in printed

"""Which models a suite trains, on which exams, and what the papers print for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Model:
    """One training.

    Args:
        name: of its folder, and in the tables.
        bundle: folder below `bundles/`.
        options: overrides of its configs, besides those of the suite.
    """

    name: str
    bundle: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Models side by side, as a paper prints them.

    Args:
        title: what is compared.
        models: name of each model → its published numbers by column of `metrics.csv`.
    """

    title: str
    models: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Suite:
    """Models that are trained and judged on the same exams.

    Args:
        name: on the command line.
        exams: number of simulated exams.
        seed: of the first exam, the split and every training.
        size: pixels a side.
        test_fraction: share of the patients that judge.
        validation_fraction: share of the patients that choose nothing but the best epoch.
        options: overrides that all models share, for training and evaluation.
        models: in the order of their training.
        tables: of the results.
    """

    name: str
    exams: int
    seed: int
    size: int
    test_fraction: float
    validation_fraction: float
    options: Mapping[str, Any]
    models: tuple[Model, ...]
    tables: tuple[Table, ...]

    def model(self, name: str) -> Model:
        """Return the model of a name."""
        return next(one for one in self.models if one.name == name)


def _published(
    with_mass: tuple[float, float], mass: tuple[float, float, float]
) -> dict[str, float]:
    """Return the columns that the paper prints and this benchmark measures alike.

    Args:
        with_mass: L1 and ΔCNR of the breast in images with a mass.
        mass: L1, L2 and ΔCNR inside the mass.
    """
    return {
        "breast_l1": with_mass[0],
        "breast_delta_cnr": with_mass[1],
        "mass_l1": mass[0],
        "mass_l2": mass[1],
        "mass_delta_cnr": mass[2],
    }


# Hosseinipour et al. 2024, Tables 2 to 4; the squared error of the breast of U-Net tau=2 is a typo
UNET = _published((8.65, 0.177), (35.42, 2955.36, -2.87))
PUBLISHED_2 = {
    "iamnet_channel": _published((9.34, 0.274), (33.79, 2712.04, -2.782)),
    "iamnet_spatial": _published((9.89, 0.310), (32.85, 2687.00, -2.839)),
    "iamnet_multiscale": _published((9.25, 0.285), (32.68, 2620.17, -2.643)),
}
PUBLISHED_3 = {
    "unet": UNET,
    "unet_tau0.5": _published((8.76, 0.179), (34.35, 2785.45, -2.85)),
    "unet_tau1": _published((8.71, 0.183), (34.74, 2849.54, -2.88)),
    "unet_tau2": _published((8.63, 0.173), (35.16, 2884.89, -2.85)),
    "unet_tau3": _published((8.68, 0.170), (33.81, 2667.09, -2.73)),
}
PUBLISHED_4 = {
    "unet": UNET,
    "attention_unet": _published((9.55, 0.365), (35.85, 2951.78, -2.541)),
    "unet_tau2": PUBLISHED_3["unet_tau2"],
    "iamnet": _published((9.57, 0.287), (33.71, 2387.87, -2.725)),
}

EXPDAMP = "breast_cem_unet512_expdamp"
IAMNET = "breast_cem_iamnet"
SEEDS = Suite(
    name="seeds",
    exams=240,
    seed=10_000,
    size=256,
    test_fraction=0.25,
    validation_fraction=0.05,
    # the published networks are four times as wide, their images four times as large a side
    options={
        "image_size": 256,
        "crop_size": 256,
        "ngf": 16,
        "ndf": 16,
        "batch_size": 4,
        "learning_rate": 0.0005,
        "max_epochs": 8,
        "recombined_window": [1900, 2200],
        "cnr_patch_size": 16,
        "cnr_stride": 4,
        "val_interval": 2,
        "ckpt_interval": 1,
    },
    models=(
        Model("unet", "breast_cem_unet512", {"num_downs": 6}),
        Model("attention_unet", "breast_cem_attention_unet", {"num_downs": 6}),
        Model("unet_tau2", EXPDAMP, {"num_downs": 6, "tau": 2.0}),
        Model("iamnet", IAMNET),
        Model("unet_tau0.5", EXPDAMP, {"num_downs": 6, "tau": 0.5}),
        Model("unet_tau1", EXPDAMP, {"num_downs": 6, "tau": 1.0}),
        Model("unet_tau3", EXPDAMP, {"num_downs": 6, "tau": 3.0}),
        Model("iamnet_channel", IAMNET, {"attention": ["channel"]}),
        Model("iamnet_spatial", IAMNET, {"attention": ["spatial"]}),
        Model("iamnet_multiscale", IAMNET, {"attention": ["multiscale"]}),
    ),
    tables=(
        Table("Table 4: four models", PUBLISHED_4),
        Table("Table 3: exponential dampening, U-Net, annealed from τ to 0", PUBLISHED_3),
        Table("Table 2: one attention block at the bottleneck of IAMNet", PUBLISHED_2),
    ),
)
SUITES = {suite.name: suite for suite in (SEEDS,)}

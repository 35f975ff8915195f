"""Models that learn from the same data, and how their results are laid out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from cem_monai.evaluation import Measure, Row

DATA_FOLDER, WEIGHTS_FOLDER = "data", "models"


@dataclass(frozen=True)
class Model:
    """One training.

    Args:
        name: of its folder, and in the tables.
        bundle: folder below `bundles/`.
        options: overrides of its configs, besides those of the experiment.
        run: name of a config that is laid over the bundle's, e.g. `"run2"`.
    """

    name: str
    bundle: str
    options: Mapping[str, Any] = field(default_factory=dict)
    run: str | None = None


@dataclass(frozen=True)
class Block:
    """Measures of one region, side by side; the models are compared by the first.

    Args:
        title: region and images.
        measures: columns of `metrics.csv`.
        with_mass: only images that show a mass, or only those that do not; None for all.
    """

    title: str
    measures: tuple[Measure, ...]
    with_mass: bool | None = None

    def of(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows that count."""
        if self.with_mass is None:
            return list(rows)
        return [row for row in rows if (float(row["mass_pixels"]) > 0) == self.with_mass]


Published = tuple[tuple[float | None, ...], ...]
"""By block and measure; None for what a paper does not print."""


@dataclass(frozen=True)
class Table:
    """Models side by side, as a paper prints them.

    Args:
        title: what is compared.
        models: name of each model → its published numbers.
        losses: name of each model → its published training losses by column of `losses.csv`.
    """

    title: str
    models: Mapping[str, Published]
    losses: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment(ABC):
    """Models that are trained and judged on the same data.

    Args:
        name: of its folder.
        seed: of the data, the split and every training.
        options: overrides that all models share, for training and evaluation.
        models: in the order of their training.
        tables: of the results.

    Attributes:
        blocks: of each table.
        subjects: what the intervals resample.
        limits: predictor in `limit.csv` → its label.
        baselines: predictors of `metrics.csv` that need no model.
        reference: which of them the others are compared with; None for the first model.
    """

    blocks: ClassVar[tuple[Block, ...]]
    subjects: ClassVar[str]
    limits: ClassVar[Mapping[str, str]]
    baselines: ClassVar[tuple[str, ...]]
    reference: ClassVar[str | None] = None

    name: str
    seed: int
    options: Mapping[str, Any]
    models: tuple[Model, ...]
    tables: tuple[Table, ...]

    @abstractmethod
    def write_data(self, output: Path, *, workers: int, source: Path | None) -> None:
        """Simulate or import what is missing and split it: a datalist for each of `parts`.

        Args:
            output: folder of the suite; the data belong into `self.data_folder(output)`.
            workers: processes that simulate.
            source: of real data.

        Raises:
            ValueError: real data are needed and there is no source.
        """

    @abstractmethod
    def limit_rows(self, folder: Path) -> list[dict[str, object]]:
        """Return rows like those of `metrics.csv` of the best possible predictions.

        Args:
            folder: of the data.
        """

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the trainings of each model, each with a datalist of its own; one by default."""
        return ("",)

    def data_folder(self, output: Path) -> Path:
        """Return the folder of the data below that of the suite."""
        return output / self.name / DATA_FOLDER

    def datalist(self, output: Path, part: str) -> Path:
        """Return the datalist of one of `parts`."""
        return self.data_folder(output) / f"{part or 'datalist'}.json"

    def weights_folder(self, output: Path, model: Model, part: str) -> Path:
        """Return where a training leaves its checkpoints."""
        return output / self.name / model.name / part / WEIGHTS_FOLDER

    @property
    def trains(self) -> bool:
        """Whether it trains its models, or judges those of another experiment."""
        return True

    @property
    def rival(self) -> str | None:
        """Name of an experiment that judges the same models, trained otherwise, on these cases."""
        return None

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Columns that a `metrics.csv` must have."""
        return tuple(measure for block in self.blocks for measure in block.measures)

"""A trained bundle that answers for one image at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cem_monai.bundle_run import bundle_folder
from cem_monai.data import breast_mask
from cem_monai.data.dicom_folder import inspect_file
from cem_monai.data.intensity import trained_intensity
from cem_monai.dicom import (
    UNCERTAINTY_STEPS,
    ImageContent,
    MammogramError,
    RefusalCode,
    read_for_comparison,
    read_mammogram,
    read_provenance,
)
from cem_monai.infer import Translator, check_trust
from cem_monai.label_app.request_error import RequestError

PREFIX, BUNDLE_PREFIX = "virtual_des_", "breast_cem_"
DECLINED = "breast_ffdm_dose_"
"""Beginning of bundles that take raw images and make no virtual DES."""


@dataclass(frozen=True)
class Generated:
    """What a model made of one low-energy image.

    Attributes:
        image: DICOM file of the virtual DES.
        map: DICOM file of its uncertainty, if that was asked for.
        uncertainty: stored values of the virtual image; mean standard deviation in the breast.
        weights_sha256: of the weights.
    """

    image: Path
    map: Path | None
    uncertainty: float | None
    weights_sha256: str


@dataclass
class VirtualDesModel:
    """One bundle with its weights.

    Attributes:
        bundle: folder.
        weights: file.
        options: overrides of its inference config, e.g. `uncertainty`.
        trust: take a bundle and weights that its SHA256SUMS does not list.
    """

    bundle: Path
    weights: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    trust: bool = False

    def __post_init__(self) -> None:
        if not self.trust:  # when the server starts, not at the first request
            check_trust(self.bundle, self.weights)
        self._translator = Translator(
            str(self.bundle), str(self.weights), self.options, trust=self.trust
        )
        self._turn = threading.Lock()
        self._loaded = False

    @property
    def variant(self) -> str:
        """Name of the bundle without what all of them have."""
        return self.bundle.name.removeprefix(BUNDLE_PREFIX)

    @property
    def name(self) -> str:
        """`virtual_des_<variant>`."""
        return PREFIX + self.variant

    def refuse(self, path: Path) -> None:
        """Raise on an image that it cannot take, before anything is loaded.

        Raises:
            RequestError: with the sentence of the gate, which names the file without its folder
                (422).
        """
        trained = trained_intensity(self.weights)
        try:
            content, _ = inspect_file(path, trained=trained)
            if content is not ImageContent.LOW_ENERGY:
                sentence = f"{path}: shows a {content.value} image, must be a low-energy one"
                raise MammogramError(sentence, RefusalCode.CONTENT)
        except MammogramError as error:
            raise RequestError(str(error).replace(str(path), path.name)) from None

    def generate(self, path: Path, folder: Path) -> Generated:
        """Translate one low-energy image.

        Args:
            path: DICOM file.
            folder: empty, to write to.

        Raises:
            RequestError: the image is refused (422).
        """
        self.refuse(path)
        with self._turn:  # one network, and MONAI's seeds are global
            if not self._loaded:
                self._translator.load()
                self._loaded = True
            self._translator(path, folder)
        (image,) = folder.glob("*.dcm")
        maps = sorted((folder / "uncertainty").glob("*.dcm"))
        return Generated(
            image,
            maps[0] if maps else None,
            _mean_deviation(maps[0], path) if maps else None,
            read_provenance(image).weights_sha256,
        )


def find_models(
    names: str, app: Path, options: Mapping[str, Any], *, trust: bool = False
) -> dict[str, VirtualDesModel]:
    """Return the models that a configuration names.

    Args:
        names: bundles, separated by commas: names below `model/` of the app or below `bundles/`, or
            folders; `NAME=FILE` for other weights than `models/model.pt` of the bundle. `all` for
            every bundle that has weights.
        app: folder of the MONAI Label app.
        options, trust: see `VirtualDesModel`.

    Returns:
        task name → model.

    Raises:
        FileNotFoundError: a bundle or its weights are missing.
        ValueError: a bundle makes no virtual DES, SHA256SUMS does not list it or the weights, or
            two have the same name.
    """
    chosen = list(_exported(app)) if names == "all" else [one for one in names.split(",") if one]
    models: dict[str, VirtualDesModel] = {}
    for text in chosen:
        model = _model(text.strip(), app, options, trust)
        if model.bundle.name.startswith(DECLINED):
            raise ValueError(f"{model.bundle.name}: takes raw images and makes no virtual DES")
        if model.name in models:
            raise ValueError(f"two models are called {model.name}: start a server for each")
        models[model.name] = model
    return models


def model_options(conf: Mapping[str, str]) -> dict[str, Any]:
    """Return the overrides of the inference config that a configuration asks for.

    Args:
        conf: `uncertainty` (passes, 0 for no map), `window` (CENTER,WIDTH of the virtual image) and
            `device`; empty for the default.

    Raises:
        ValueError: the window or the number of passes is none.
    """
    window = [float(number) for number in conf["window"].split(",")] if conf["window"] else None
    if window is not None and len(window) != 2:
        raise ValueError(f"window must be CENTER,WIDTH, is {conf['window']!r}")
    return {
        "uncertainty": int(conf["uncertainty"]) or None,
        "display_window": window,
        "device": conf["device"] or None,
    }


def _model(text: str, app: Path, options: Mapping[str, Any], trust: bool) -> VirtualDesModel:
    name, _, weights = text.partition("=")
    own = app / "model" / name
    folder = own if (own / "configs").is_dir() else bundle_folder(name)
    file = Path(weights).absolute() if weights else folder / "models" / "model.pt"
    if not file.is_file():
        raise FileNotFoundError(f"{name}: no weights at {file}: train first, or say {name}=FILE")
    return VirtualDesModel(folder, file, options, trust)


def _exported(app: Path) -> Iterable[str]:
    from cem_monai.bundle_run import BUNDLES

    places = [app / "model", BUNDLES]
    found = {path.parents[1].name for place in places for path in place.glob("*/models/model.pt")}
    return sorted(name for name in found if not name.startswith(DECLINED))


def _mean_deviation(path: Path, source: Path) -> float:
    breast = breast_mask(read_mammogram(source).pixels)
    return float(np.mean(read_for_comparison(path).pixels[breast])) / UNCERTAINTY_STEPS

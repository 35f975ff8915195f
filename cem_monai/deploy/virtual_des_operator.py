"""The operator of MONAI Deploy that generates virtual images.

Deploy's own `MonaiBundleInferenceOperator` is given a volume, from which the header of the images
is gone (BitsStored, PresentationIntentType, laterality), and casts what it makes to 8 bits.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cem_monai.deploy.selected_series import selected_instances, translate_instances
from cem_monai.infer import Translation

try:
    from monai.deploy.core import ConditionType, Operator
except ModuleNotFoundError:  # told to who makes an operator, not to who imports this
    ConditionType, Operator = None, object
if TYPE_CHECKING:
    from monai.deploy.core import (
        ExecutionContext,
        Fragment,
        InputContext,
        OperatorSpec,
        OutputContext,
    )

DEPLOY_MISSING = (
    "cem_monai.deploy needs the MONAI Deploy App SDK, which is not installed: "
    "pip install monai-deploy-app-sdk"
)
SELECTED, FOLDER = "study_selected_series_list", "output_folder"
logger = logging.getLogger(__name__)


class VirtualDESOperator(Operator):
    """Generate the virtual image of every low-energy image in the selected series, as DICOM.

    The way is that of `cem-monai infer`: gate, all bits, marks in header and pixels.

    Input `study_selected_series_list`: of Deploy's `DICOMSeriesSelectorOperator`.
    Output `output_folder`: its path, once the images are there; a receiver is optional.

    Args:
        fragment: the application.
        *args: Deploy's conditions and resources.
        output_folder: folder to write to.
        bundle: name or folder of a bundle that takes low-energy images.
        weights: file; `models/model.pt` of the bundle by default.
        options: overrides of `inference.json` by id, e.g. `{"compression": "jpeg_ls"}`.
        trust: take a bundle and weights that its SHA256SUMS does not list.
        **kwargs: of Deploy's `Operator`, e.g. `name`.

    Attributes:
        translation: what was refused and what was written, after the run.

    Raises:
        ImportError: MONAI Deploy is not installed.
    """

    def __init__(
        self,
        fragment: Fragment,
        *args: Any,
        output_folder: Path,
        bundle: Path | str,
        weights: Path | None = None,
        options: Mapping[str, Any] | None = None,
        trust: bool = False,
        **kwargs: Any,
    ) -> None:
        if ConditionType is None:
            raise ImportError(DEPLOY_MISSING)
        self.output_folder = Path(output_folder)
        self.bundle, self.weights, self.options = str(bundle), weights, options
        self.trust = trust
        self.translation: Translation | None = None
        super().__init__(fragment, *args, **kwargs)  # calls setup

    def setup(self, spec: OperatorSpec) -> None:
        """Name the ports."""
        spec.input(SELECTED)
        spec.output(FOLDER).condition(ConditionType.NONE)

    def compute(
        self, op_input: InputContext, op_output: OutputContext, context: ExecutionContext
    ) -> None:
        """Translate what was selected.

        Raises:
            FileNotFoundError: see `translate_instances`.
            ValueError: see `translate_instances`.
        """
        self.translation = translate_instances(
            selected_instances(op_input.receive(SELECTED)),
            self.output_folder,
            bundle=self.bundle,
            weights=self.weights,
            options=self.options,
            trust=self.trust,
        )
        logger.info(
            "%d virtual images in %s, %d files refused",
            len(self.translation.written),
            self.output_folder,
            self.translation.refused,
        )
        op_output.emit(self.output_folder, FOLDER)

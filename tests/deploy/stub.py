"""As much of MONAI Deploy as an application of ours touches, with the signatures of the real one.

Mirrors SDK 3.5 and 4.0: `monai/deploy/core/__init__.py` (which hands on holoscan.core's Operator,
OperatorSpec, Application), `core/app_context.py`, `core/domain/dicom_series_selection.py`,
`operators/dicom_data_loader_operator.py`, `operators/dicom_series_selector_operator.py`.
`test_real_sdk.py` runs the same application with the real one, where that is installed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pydicom


class ConditionType(Enum):
    NONE = 0


class IOSpec:
    def condition(self, kind: ConditionType, **kwargs: Any) -> IOSpec:
        assert kind is ConditionType.NONE
        return self


class OperatorSpec:
    def __init__(self) -> None:
        self.inputs: list[str] = []
        self.outputs: list[str] = []

    def input(self, name: str, **kwargs: Any) -> IOSpec:
        self.inputs.append(name)
        return IOSpec()

    def output(self, name: str, **kwargs: Any) -> IOSpec:
        self.outputs.append(name)
        return IOSpec()


class Fragment:
    """What operators belong to."""


class Operator:
    """The constructor of the real one calls setup, so that attributes must be there before."""

    def __init__(self, fragment: Fragment, *args: Any, name: str = "") -> None:
        if not isinstance(fragment, Fragment):
            raise ValueError("The first argument to an Operator's constructor must be the Fragment")
        self.name = name
        self.spec = OperatorSpec()
        self.setup(self.spec)

    def __setattr__(self, name: str, value: object) -> None:
        if name in ("fragment", "conditions", "resources", "operator_type", "description"):
            raise AttributeError(f'cannot override read-only property "{name}"')
        super().__setattr__(name, value)

    def setup(self, spec: OperatorSpec) -> None: ...

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None: ...


class Messages:
    """What one port has emitted, for others to receive."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self.received: dict[str, Any] = {}
        self.emitted: dict[str, Any] = {}

    def receive(self, name: str) -> Any:
        assert name in self.operator.spec.inputs
        return self.received[name]

    def emit(self, data: Any, name: str) -> None:
        assert name in self.operator.spec.outputs
        self.emitted[name] = data


class Application(Fragment):
    def __init__(self) -> None:
        self.argv = sys.argv
        self._flows: list[tuple[Operator, Operator, set[tuple[str, str]]]] = []

    @staticmethod
    def init_app_context(argv: list[str]) -> SimpleNamespace:
        parser = argparse.ArgumentParser()
        for name in ("input", "output", "model"):
            parser.add_argument(f"-{name[0]}", f"--{name}", dest=f"{name}_path")
        return SimpleNamespace(**vars(parser.parse_args(argv[1:])))

    def add_flow(self, upstream: Operator, downstream: Operator, pairs: set[tuple[str, str]]):
        self._flows.append((upstream, downstream, pairs))

    def compose(self) -> None: ...

    def run(self) -> None:
        """Run a chain: its flows were added from the first to the last."""
        self.compose()
        ports = {one: Messages(one) for flow in self._flows for one in flow[:2]}
        for one, messages in ports.items():
            one.compute(messages, messages, None)
            for upstream, downstream, pairs in self._flows:
                if upstream is one:
                    for source, target in pairs:
                        ports[downstream].received[target] = messages.emitted[source]


class DICOMSOPInstance:
    def __init__(self, native_sop: pydicom.Dataset) -> None:
        self._sop = native_sop

    def get_native_sop_instance(self) -> pydicom.Dataset:
        return self._sop


class DICOMSeries:
    def __init__(self) -> None:
        self._sop_instances: list[DICOMSOPInstance] = []

    def get_sop_instances(self) -> list[DICOMSOPInstance]:
        return self._sop_instances


class StudySelectedSeries:
    def __init__(self, series: list[DICOMSeries]) -> None:
        self.selected_series = [SimpleNamespace(series=one) for one in series]


class DICOMDataLoaderOperator(Operator):
    def __init__(self, fragment: Fragment, *args: Any, input_folder: Path, **kwargs: Any) -> None:
        self.input_path = input_folder
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        spec.output("dicom_study_list")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        series: dict[str, DICOMSeries] = {}
        for path in sorted(self.input_path.rglob("*.dcm")):
            dataset = pydicom.dcmread(path)
            one = series.setdefault(dataset.SeriesInstanceUID, DICOMSeries())
            one._sop_instances.append(DICOMSOPInstance(dataset))
        op_output.emit([list(series.values())], "dicom_study_list")


class DICOMSeriesSelectorOperator(Operator):
    """Looks at the first object of a series only, as the real one does for most attributes."""

    def __init__(
        self, fragment: Fragment, *args: Any, rules: str, all_matched: bool = False, **kwargs: Any
    ) -> None:
        self._rules, self._all = json.loads(rules)["selections"], all_matched
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        spec.input("dicom_study_list")
        spec.output("study_selected_series_list").condition(ConditionType.NONE)

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        selected = []
        for study in op_input.receive("dicom_study_list"):
            for rule in self._rules:
                matching = [one for one in study if self._matches(rule["conditions"], one)]
                selected += matching if self._all else matching[:1]
        studies = [StudySelectedSeries(selected)] if selected else []
        op_output.emit(studies, "study_selected_series_list")

    def _matches(self, conditions: dict[str, Any], series: DICOMSeries) -> bool:
        first = series.get_sop_instances()[0].get_native_sop_instance()
        return all(matches(rule, first.get(name)) for name, rule in conditions.items())


def matches(rule: Any, value: Any) -> bool:
    """Text: a regular expression; a list: each item is part of the value, or after ! is not."""
    if isinstance(rule, str):
        return bool(value) and re.search(rule, value, re.IGNORECASE) is not None
    text = str(value).lower()
    return bool(value) and all(
        one[1:].lower() not in text if one.startswith("!") else one.lower() in text for one in rule
    )


class CountCondition:
    def __init__(self, fragment: Fragment, count: int) -> None: ...


def install(setitem: Callable[[dict[str, ModuleType], str, ModuleType], None]) -> None:
    """Put the modules into `sys.modules`, e.g. by `monkeypatch.setitem`."""
    contents = {
        "": (),
        ".core": (Application, ConditionType, Fragment, Operator, OperatorSpec),
        ".conditions": (CountCondition,),
        ".operators": (),
        ".operators.dicom_data_loader_operator": (DICOMDataLoaderOperator,),
        ".operators.dicom_series_selector_operator": (DICOMSeriesSelectorOperator,),
    }
    for name, classes in contents.items():
        module = ModuleType("monai.deploy" + name)
        for one in classes:
            setattr(module, one.__name__, one)
        setitem(sys.modules, module.__name__, module)

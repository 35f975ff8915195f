from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from cem_monai.label_app import shims
shims.install(); shims.install()
heavy = {"torch", "monai", "itk", "pydicom"} & set(sys.modules)
assert not heavy, heavy
assert sum(type(one).__name__ == "_Mender" for one in sys.meta_path) == 1
from pydicom._storage_sopclass_uids import SegmentationStorage
print(SegmentationStorage)
"""


def test_old_module_of_pydicom_is_there_and_nothing_is_loaded_for_it():
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "1.2.840.10008.5.1.4.1.1.66.4"

from __future__ import annotations

import shutil

import pydicom
import pytest

from cem_monai.bundle_run import bundle_folder
from cem_monai.data.dicom_folder import inspect_file
from cem_monai.dicom import MammogramError, save_dataset
from cem_monai.label_app.inference import answer
from cem_monai.label_app.request_error import RequestError
from cem_monai.label_app.virtual_des_model import find_models, model_options
from label_models import make_model

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:monai", "ignore::DeprecationWarning")
OPTIONS = {"device": "cpu", "uncertainty": 2}


@pytest.fixture
def model(tmp_path):
    weights = make_model(tmp_path / "model.pt")
    (found,) = find_models(f"breast_cem_unet512={weights}", tmp_path, OPTIONS, trust=True).values()
    return found


def test_answer_is_stored_beside_the_image_and_counts_as_virtual(model, workspace, studies):
    uid, view = next(iter(workspace.views.items()))
    found = answer(workspace, model, view.recombined.sop_instance_uid)
    assert found.told["image"] == uid
    assert (
        found.told["stored"] == f"TEST-000/{view.name.replace(' ', '_')}_LE_VIRTUAL_DES_unet512.dcm"
    )
    stored = pydicom.dcmread(studies / found.told["stored"])
    assert stored.SOPInstanceUID == found.told["SOPInstanceUID"]
    assert stored.SourceImageSequence[0].ReferencedSOPInstanceUID == uid
    assert found.proposal.shape == (stored.Rows, stored.Columns)
    (virtual,) = workspace.views[uid].virtual
    assert virtual.sop_instance_uid == stored.SOPInstanceUID
    assert len(workspace.views[uid].maps) == 1
    assert workspace.facts(uid)["uncertainty"] == {model.name: found.told["uncertainty"]}
    assert found.told["uncertainty"] > 0
    # asked again, the same object is in the same place
    again = answer(workspace, model, uid)
    assert again.told["SOPInstanceUID"] == found.told["SOPInstanceUID"]
    assert len(workspace.views[uid].virtual) == 1


def test_refusal_is_the_sentence_of_the_gate(model, studies, tmp_path):
    path = studies / "TEST-000" / "L_CC_LE.dcm"
    dataset = pydicom.dcmread(path)
    dataset.BreastImplantPresent = "YES"
    save_dataset(dataset, path)
    with pytest.raises(MammogramError) as gate:
        inspect_file(path)
    with pytest.raises(RequestError) as refusal:
        model.refuse(path)
    assert refusal.value.status == 422
    assert str(refusal.value) == str(gate.value).replace(str(path), "L_CC_LE.dcm")
    with pytest.raises(RequestError, match="must be a low-energy"):
        model.refuse(studies / "TEST-000" / "L_CC_DES.dcm")


def test_models_are_named_after_their_variant(tmp_path):
    for name in ("breast_cem_unet512", "breast_cem_iamnet"):
        shutil.copytree(bundle_folder(name), tmp_path / "model" / name)
        make_model(tmp_path / "model" / name / "models" / "model.pt")
    found = find_models("breast_cem_iamnet,breast_cem_unet512", tmp_path, {}, trust=True)
    assert list(found) == ["virtual_des_iamnet", "virtual_des_unet512"]
    assert set(found) <= set(find_models("all", tmp_path, {}, trust=True))


def test_models_that_cannot_be(tmp_path):
    weights = make_model(tmp_path / "model.pt")
    with pytest.raises(FileNotFoundError, match="no weights at"):
        find_models(f"breast_cem_unet512={tmp_path / 'no.pt'}", tmp_path, {}, trust=True)
    with pytest.raises(FileNotFoundError, match="no bundle"):
        find_models("nothing", tmp_path, {}, trust=True)
    with pytest.raises(ValueError, match="makes no virtual DES"):
        find_models(f"breast_ffdm_dose_pix2pix={weights}", tmp_path, {}, trust=True)
    twice = f"breast_cem_unet512={weights}"
    with pytest.raises(ValueError, match="two models are called virtual_des_unet512"):
        find_models(f"{twice},{twice}", tmp_path, {}, trust=True)


def test_options():
    conf = {"uncertainty": "4", "window": "2050,300", "device": ""}
    expected = {"uncertainty": 4, "display_window": [2050.0, 300.0], "device": None}
    assert model_options(conf) == expected
    with pytest.raises(ValueError, match="window must be CENTER,WIDTH, is '3'"):
        model_options({**conf, "window": "3"})

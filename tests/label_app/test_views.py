from __future__ import annotations

import pydicom
import pytest

from cem_monai.dicom import save_dataset
from cem_monai.label_app.request_error import RequestError
from cem_monai.label_app.views import find_image, find_views, read_image
from infer.stand_in import translate


def header(path):
    return pydicom.dcmread(path, stop_before_pixels=True)


@pytest.fixture
def views(studies, tmp_path):
    translate(studies, tmp_path / "out")
    files = [*studies.rglob("*.dcm"), *(tmp_path / "out").glob("*.dcm")]
    return find_views(read_image(header(path), str(path)) for path in files)


def test_a_view_holds_low_energy_recombined_and_virtual(views, studies):
    assert sorted(view.name for view in views.values()) == ["L CC", "R CC"]
    for uid, view in views.items():
        side = view.name[0]
        assert uid == header(studies / "TEST-000" / f"{side}_CC_LE.dcm").SOPInstanceUID
        recombined = header(studies / "TEST-000" / f"{side}_CC_DES.dcm").SOPInstanceUID
        assert view.recombined.sop_instance_uid == recombined
        (virtual,) = view.virtual
        assert virtual.sources == {uid}
        assert virtual.model == "stand_in"


def test_any_image_of_a_view_means_the_view(views):
    for uid, view in views.items():
        for image in view.images:
            found, meant = find_image(image.sop_instance_uid, views)
            assert found.low_energy.sop_instance_uid == uid
            assert meant is image


def test_series_of_one_view_means_the_view(views):
    uid, view = next(iter(views.items()))
    (virtual,) = view.virtual
    found, meant = find_image(virtual.series_instance_uid, views)
    assert (found.low_energy.sop_instance_uid, meant) == (uid, virtual)


def test_series_of_two_views_is_refused_and_both_are_named(views):
    series = next(iter(views.values())).low_energy.series_instance_uid
    with pytest.raises(RequestError, match="holds 2 views") as refusal:
        find_image(series, views)
    assert refusal.value.status == 409
    assert all(uid in str(refusal.value) for uid in views)


def test_unknown_image(views):
    with pytest.raises(RequestError, match=r"1\.2\.3: the datastore holds no") as refusal:
        find_image("1.2.3", views)
    assert refusal.value.status == 404


def test_image_of_unknown_content_is_a_view_so_that_the_gate_can_refuse_it(studies):
    path = studies / "TEST-000" / "L_CC_LE.dcm"
    dataset = pydicom.dcmread(path)
    dataset.ImageType, dataset.SeriesDescription = ["ORIGINAL", "PRIMARY"], "CC"
    save_dataset(dataset, path)
    views = find_views([read_image(header(path), str(path))])
    assert list(views) == [dataset.SOPInstanceUID]

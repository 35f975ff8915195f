from __future__ import annotations

import numpy as np
import pytest

from cem_monai.label_app.drawings import Drawings
from cem_monai.label_app.labelmap import Drawing
from cem_monai.label_app.request_error import RequestError

UID = "2.25.1"


def drawing(row: int) -> Drawing:
    mass = np.zeros((4, 5), bool)
    mass[row, 1:3] = True
    return Drawing(mass, np.roll(mass, 1, axis=0))


@pytest.fixture
def drawings(tmp_path) -> Drawings:
    return Drawings(tmp_path)


def test_two_readers_are_kept_apart(drawings):
    for row, reader in enumerate(("ann", "bob")):
        label_id = drawings.save(UID, reader, drawing(row), info={"client_id": reader})
        assert label_id == f"{reader}/{UID}"
    drawings.save(UID, "bob", drawing(2))
    assert drawings.readers(UID) == ["ann", "bob"]
    for row, reader in ((0, "ann"), (2, "bob")):
        found = drawings.read(UID, reader)
        np.testing.assert_array_equal(found.mass, drawing(row).mass)
        np.testing.assert_array_equal(found.background, drawing(row).background)
    assert drawings.info(UID, "ann") == {"client_id": "ann"}
    drawings.remove(UID, "ann")
    assert drawings.readers(UID) == ["bob"]


def test_tags_are_kept_apart(drawings):
    drawings.save(UID, "ann", drawing(0), tag="original")
    assert drawings.readers(UID) == []
    assert drawings.tags(UID) == ["original"]


def test_reader_need_not_be_named_where_one_drew(drawings):
    drawings.save(UID, "ann", drawing(0))
    assert drawings.only_reader(UID) == "ann"
    drawings.save(UID, "bob", drawing(0))
    with pytest.raises(RequestError, match=f"name one: ann/{UID}, bob/{UID}") as refusal:
        drawings.only_reader(UID)
    assert refusal.value.status == 409
    with pytest.raises(RequestError, match="nobody drew"):
        drawings.only_reader("2.25.2")


@pytest.mark.parametrize("name", ["../ann", "", "a/b", "."])
def test_names_stay_inside_the_folder(drawings, name):
    with pytest.raises(RequestError, match="letters, digits"):
        drawings.save(UID, name, drawing(0))
    with pytest.raises(RequestError, match="letters, digits"):
        drawings.save(UID, "ann", drawing(0), tag=name)


def test_missing_drawing(drawings):
    with pytest.raises(RequestError, match="'ann' drew nothing"):
        drawings.read(UID, "ann")

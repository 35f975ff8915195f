from __future__ import annotations

import pytest

from cem_monai.transport import Inbox


@pytest.mark.parametrize("state", ["arriving", "ready"])
def test_leftovers_of_a_killed_node_are_removed_and_images_stay(tmp_path, state):
    Inbox(tmp_path, free_bytes=0).put("1.1", "1.2", b"x")
    if state == "ready":
        Inbox(tmp_path, free_bytes=0).complete(0)
    (study,) = (tmp_path / state).iterdir()
    (study / ".half.dcm.abc.tmp").write_bytes(b"half")
    Inbox(tmp_path, free_bytes=0)
    assert [path.suffix for path in study.iterdir()] == [".dcm"]

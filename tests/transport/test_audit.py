from __future__ import annotations

import json
import threading

import pytest

from cem_monai.transport import AuditLog, broken_audit_lines


def write(path, count):
    for number in range(count):
        AuditLog(path).write(output_sop_instance_uid=f"1.{number}", result="stored")


def test_lines_follow_from_each_other(tmp_path):
    path = tmp_path / "a" / "audit.jsonl"
    write(path, 5)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["output_sop_instance_uid"] for line in lines] == [f"1.{n}" for n in range(5)]
    assert broken_audit_lines(path) == []


@pytest.mark.parametrize("change", ["edit", "remove", "insert", "swap"])
def test_every_later_change_shows(tmp_path, change):
    path = tmp_path / "audit.jsonl"
    write(path, 5)
    lines = path.read_bytes().splitlines(keepends=True)
    if change == "edit":
        lines[1] = lines[1].replace(b"stored", b"failed")
    elif change == "remove":
        del lines[1]
    elif change == "insert":
        lines.insert(2, lines[1])
    else:
        lines[1], lines[2] = lines[2], lines[1]
    path.write_bytes(b"".join(lines))
    assert broken_audit_lines(path)


def test_line_that_a_crash_cut_short_stays_and_the_next_is_whole(tmp_path):
    path = tmp_path / "audit.jsonl"
    write(path, 2)
    path.write_bytes(path.read_bytes()[:-20])
    write(path, 1)
    assert broken_audit_lines(path) == [2]
    assert json.loads(path.read_text().splitlines()[2])["result"] == "stored"


def test_many_writers_keep_one_chain(tmp_path):
    path = tmp_path / "audit.jsonl"
    threads = [threading.Thread(target=write, args=(path, 10)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(path.read_text().splitlines()) == 40
    assert broken_audit_lines(path) == []


def test_there_is_no_place_for_a_patient(tmp_path):
    with pytest.raises(ValueError, match="no place for patient_id"):
        AuditLog(tmp_path / "audit.jsonl").write(patient_id="P1")
    assert not (tmp_path / "audit.jsonl").exists()

from __future__ import annotations

import json
import math
from typing import Any, Literal, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cem_monai.evaluation.typed_json import decode, encode


class Leaf(TypedDict):
    number: float
    count: int
    flag: bool
    text: str
    kind: Literal["round", "flat"]


class Tree(TypedDict):
    leaves: dict[str, list[Leaf]]
    limit: float | None
    whatever: dict[str, Any] | None


LEAVES = st.fixed_dictionaries(
    {
        "number": st.floats(),
        "count": st.integers(),
        "flag": st.booleans(),
        "text": st.text(),
        "kind": st.sampled_from(["round", "flat"]),
    }
)
TREES = st.fixed_dictionaries(
    {
        "leaves": st.dictionaries(st.text(), st.lists(LEAVES, max_size=2), max_size=2),
        "limit": st.none() | st.floats(allow_nan=False),
        "whatever": st.none() | st.dictionaries(st.text(), st.integers() | st.none(), max_size=2),
    }
)
LEAF: dict[str, Any] = {"number": 1.5, "count": 2, "flag": True, "text": "t", "kind": "flat"}
TREE: dict[str, Any] = {"leaves": {"a": [LEAF]}, "limit": None, "whatever": None}


@given(TREES)
def test_comes_back_through_strict_json(tree: dict[str, Any]) -> None:
    text = json.dumps(encode(tree), allow_nan=False)

    # as text: NaN is not equal to itself
    back, given_tree = (
        json.dumps(one, sort_keys=True) for one in (decode(json.loads(text), Tree), tree)
    )
    assert back == given_tree


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(math.nan, None), (math.inf, "inf"), (-math.inf, "-inf"), (0.1, 0.1), (3, 3), (True, True)],
)
def test_encoding(value: float, encoded: object) -> None:
    assert encode([value]) == [encoded]


def test_whole_number_is_also_a_number() -> None:
    number = decode(LEAF | {"number": 2}, Leaf)["number"]

    assert (number, type(number)) == (2.0, float)


def test_keys_that_are_not_known_are_left_out() -> None:
    assert decode(TREE | {"more": 1}, Tree) == TREE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"number": "high"}, r"leaves\.a\[1\]\.number must be a number, got 'high'"),
        ({"number": True}, r"leaves\.a\[1\]\.number must be a number, got True"),
        ({"number": [1]}, r"leaves\.a\[1\]\.number must be a number, got \[1\]"),
        ({"count": 1.0}, r"leaves\.a\[1\]\.count must be a whole number, got 1\.0"),
        ({"count": None}, r"leaves\.a\[1\]\.count must be a whole number, got None"),
        ({"flag": 1}, r"leaves\.a\[1\]\.flag must be true or false, got 1"),
        ({"text": None}, r"leaves\.a\[1\]\.text must be text, got None"),
        ({"kind": "square"}, r"leaves\.a\[1\]\.kind must be one of round, flat, got 'square'"),
    ],
)
def test_value_of_another_type_raises(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        decode(TREE | {"leaves": {"a": [LEAF, LEAF | changes]}}, Tree)


@pytest.mark.parametrize("key", LEAF)
def test_lacking_key_raises(key: str) -> None:
    leaf = {name: value for name, value in LEAF.items() if name != key}

    with pytest.raises(ValueError, match=rf"^the key leaves\.b\[0\]\.{key} is lacking$"):
        decode(TREE | {"leaves": {"b": [leaf]}}, Tree)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ([], r"the file must be an object, got \[\]"),
        (TREE | {"leaves": 3}, "leaves must be an object, got 3"),
        (TREE | {"leaves": {"a": {}}}, r"leaves\.a must be a list, got \{\}"),
        (TREE | {"leaves": {"a": [4]}}, r"leaves\.a\[0\] must be an object, got 4"),
        (TREE | {"whatever": 5}, "whatever must be an object, got 5"),
    ],
)
def test_value_of_another_shape_raises(tree: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        decode(tree, Tree)

"""What is wrong with an order is found before anything is sent."""

from typing import Any

import pytest

from corent.orders import problems


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({}, "prompt: is missing"),
        ({"prompt": ""}, "prompt: must be at least 1 characters"),
        ({"prompt": "  "}, "prompt: has nothing but white space"),
        ({"prompt": 7}, "prompt: must be a text"),
        ({"prompt": "x" * 4_001}, "prompt: must be at most 4000 characters"),
        ({"prompt": "x", "promt": "y"}, "promt: no such field"),
        ({"prompt": "x", "n": 5}, "n: must be at most 4"),
        ({"prompt": "x", "n": True}, "n: must be a whole number"),
        ({"prompt": "x", "n": 1.5}, "n: must be a whole number"),
        ({"prompt": "x", "wait_s": "1"}, "wait_s: must be a number"),
        ({"prompt": None}, "prompt: must not be null"),
        (
            {"prompt": "x", "aspect_ratio": "1:2"},
            "aspect_ratio: must be one of 1:1, 16:9, 9:16, 4:3, 3:4, 3:2, 2:3, 21:9",
        ),
        ({"prompt": "x", "image_url": "file:///x"}, "image_url: must be an http(s) address"),
        ({"prompt": "x", "metadata": {"a": 1}}, "metadata: must be an object of texts"),
    ],
)
def test_what_is_wrong_is_said(order: dict[str, Any], said: str) -> None:
    assert problems("image", order) == [said]


def test_a_right_order_has_no_problems() -> None:
    order = {"prompt": "x", "n": 2, "seed": None, "wait_s": 0, "metadata": {"a": "b"}, "style": "3d"}
    assert problems("image", order) == []
    assert problems("video", {"prompt": "x", "duration_s": 10}) == []

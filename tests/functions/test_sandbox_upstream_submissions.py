"""What the sandbox's submit takes and what it refuses, field by field."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sandbox import submissions
from sandbox.refusals import RefusedError

EVENT: dict[str, Any] = json.loads(Path("events/sandbox_upstream.json").read_text(encoding="utf-8"))
BODY: dict[str, Any] = json.loads(EVENT["body"])
VIDEO: dict[str, Any] = {
    **{name: value for name, value in BODY.items() if name not in {"n", "format"}},
    "kind": "video",
    "duration_s": 5,
}


def refusal(body: object) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        submissions.read(body.encode() if isinstance(body, str) else json.dumps(body).encode())
    return caught.value


def read(**changes: object) -> submissions.Submission:
    return submissions.read(json.dumps({**BODY, **changes}).encode())


def encoded(image: Image.Image, file_format: str = "PNG", *, cut_at: int | None = None) -> str:
    buffer = io.BytesIO()
    image.save(buffer, file_format)
    return base64.b64encode(buffer.getvalue()[:cut_at]).decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"model": "sandbox-grand"}, "model"),
        ({"model": None}, "model"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "x" * 8001}, "prompt"),
        ({"prompt": "\ud800"}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"width": 63}, "width"),
        ({"width": 2049}, "width"),
        ({"width": 100.5}, "width"),
        ({"width": True}, "width"),
        ({"height": "64"}, "height"),
        ({"n": 0}, "n"),
        ({"n": 5}, "n"),
        ({"seed": 2**63}, "seed"),
        ({"seed": "7"}, "seed"),
        ({"negative_prompt": 7}, "negative_prompt"),
        ({"format": "gif"}, "format"),
        ({"image": "x"}, "image"),
        ({"image": {"media_type": "image/png"}}, "image"),
        ({"image": {"media_type": "image/gif", "data_base64": ""}}, "image"),
        ({"image": {"media_type": ["image/png"], "data_base64": ""}}, "image"),
        ({"image": {"media_type": "image/png", "data_base64": "!!"}}, "image"),
        ({"image": {"media_type": "image/png", "data_base64": "AAAA"}}, "image"),
        ({"reference": ""}, "reference"),
        ({"reference": "x" * 201}, "reference"),
        ({"attempt": 0}, "attempt"),
        ({"colour": "red"}, "colour"),
        ({"duration_s": 5}, "duration_s"),
        ({"kind": "sound"}, "kind"),
        ({"kind": None}, "kind"),
        ({"callback_url": 7}, "callback_url"),
        ({"callback_url": ""}, "callback_url"),
        ({"callback_url": "ftp://corent.test/x"}, "callback_url"),
        ({"callback_url": "https:///x"}, "callback_url"),
        ({"callback_url": "https://user@corent.test/x"}, "callback_url"),
        ({"callback_url": "https://corent.test:99999/x"}, "callback_url"),
        ({"callback_url": "https://corent.test:0/x"}, "callback_url"),
        ({"callback_url": "https://[corent.test/x"}, "callback_url"),
        ({"callback_url": "https://corent.test/a b"}, "callback_url"),
        ({"callback_url": "https://corent.test/\r\nX: y"}, "callback_url"),
        ({"callback_url": "https://corent.test/" + "x" * 2048}, "callback_url"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, object], field: str) -> None:
    error = refusal({**BODY, **changes})
    assert (error.status, error.code, error.field) == (422, "invalid_request", field)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"n": 1}, "n"),
        ({"format": "png"}, "format"),
        ({"duration_s": 0}, "duration_s"),
        ({"duration_s": 11}, "duration_s"),
        ({"duration_s": 2.5}, "duration_s"),
        ({"duration_s": True}, "duration_s"),
        ({"duration_s": None}, "duration_s"),
        ({"width": 1279}, "width"),
        ({"height": 721}, "height"),
        ({"width": 62}, "width"),
        ({"height": 2050}, "height"),
        ({"image": {"media_type": "image/png", "data_base64": "AAAA"}}, "image"),
    ],
)
def test_a_wrong_field_of_a_video_is_named(changes: dict[str, object], field: str) -> None:
    error = refusal({**VIDEO, **changes})
    assert (error.status, error.code, error.field) == (422, "invalid_request", field)


@pytest.mark.parametrize(
    "field", ["model", "prompt", "width", "height", "duration_s", "reference", "attempt"]
)
def test_a_missing_field_of_a_video_is_named(field: str) -> None:
    error = refusal({name: value for name, value in VIDEO.items() if name != field})
    assert (error.status, error.field) == (422, field)


@pytest.mark.parametrize("duration_s", [1, 10])
@pytest.mark.parametrize("size", [(1280, 720), (1080, 1920), (64, 64), (2048, 2048)])
def test_a_video_may_have_these_sizes_and_lengths(duration_s: int, size: tuple[int, int]) -> None:
    changes = {"duration_s": duration_s, "width": size[0], "height": size[1]}
    taken = submissions.read(json.dumps({**VIDEO, **changes}).encode())
    assert (taken.width_px, taken.height_px, taken.job) == (*size, submissions.VideoJob(duration_s))


def test_an_image_may_be_called_one() -> None:
    assert read(kind="image") == read()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/v1/callbacks/x?y=1", "https://corent.test/" + "x" * 2028]
)
def test_a_callback_may_go_to_these_addresses(url: str) -> None:
    assert read(callback_url=url).callback_url == url


@pytest.mark.parametrize(
    "field", ["model", "prompt", "width", "height", "n", "format", "reference", "attempt"]
)
def test_a_missing_field_is_named(field: str) -> None:
    error = refusal({name: value for name, value in BODY.items() if name != field})
    assert (error.status, error.field) == (422, field)


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"text"', "\x00", "[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(body: str) -> None:
    error = refusal(body)
    assert (error.status, error.code, error.field) == (400, "invalid_request", None)


@pytest.mark.parametrize("field", ["seed", "negative_prompt", "image", "callback_url"])
def test_an_option_may_be_left_out_or_null(field: str) -> None:
    left_out = {name: value for name, value in BODY.items() if name != field}
    assert submissions.read(json.dumps(left_out).encode()) == read(**{field: None})


@pytest.mark.parametrize(
    "changes", [{"width": 64, "height": 2048}, {"n": 4}, {"seed": -(2**63)}, {"prompt": "x" * 8000}]
)
def test_the_limits_themselves_are_taken(changes: dict[str, object]) -> None:
    assert read(**changes).reference == BODY["reference"]


@pytest.mark.parametrize(
    ("media_type", "data_base64"),
    [
        ("image/png", encoded(Image.effect_noise((200, 200), 50), cut_at=3000)),
        ("image/png", encoded(Image.new("RGB", (8, 8)), "JPEG")),
        ("image/png", encoded(Image.new("1", (9_000, 6_000)))),
        ("image/png", encoded(Image.new("1", (14_000, 13_000)))),
    ],
    ids=["truncated", "not what it claims", "above our limit", "above the decoder's limit"],
)
def test_an_input_image_that_cannot_be_used_is_refused(media_type: str, data_base64: str) -> None:
    error = refusal({**BODY, "image": {"media_type": media_type, "data_base64": data_base64}})
    assert (error.status, error.field) == (422, "image")


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_an_input_image_of_each_format_is_decoded(file_format: str) -> None:
    content = encoded(Image.new("RGB", (30, 20)), file_format)
    source = read(image={"media_type": f"image/{file_format.lower()}", "data_base64": content}).source
    assert source is not None
    assert source.image.size == (30, 20)
    assert source.content == base64.b64decode(content)

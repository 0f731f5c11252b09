"""The local front: the API behind it, and result files as the content network serves them."""

import secrets

import pytest

from tests.stack.conftest import Stack

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def path(stack: Stack) -> str:
    """Put one result into the bucket and return its path on the front."""
    key = f"files/{secrets.token_hex(8)}.png"
    outputs = stack.aws("cloudformation").describe_stacks(StackName=stack.stack_name)["Stacks"][0]["Outputs"]
    bucket = next(output["OutputValue"] for output in outputs if output["OutputKey"] == "ResultsBucketName")
    stack.aws("s3").put_object(Bucket=bucket, Key=key, Body=CONTENT, ContentType="image/png")
    return f"/{key}"


def test_serves_a_file_whole(stack: Stack, path: str) -> None:
    with stack.client() as http:
        assert http.get(path).content == CONTENT


def test_says_what_a_file_is_and_that_it_never_changes(stack: Stack, path: str) -> None:
    with stack.client() as http:
        headers = http.get(path).headers
    assert headers["content-type"] == "image/png"
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["x-content-type-options"] == "nosniff"


def test_answers_head_with_the_length(stack: Stack, path: str) -> None:
    with stack.client() as http:
        reply = http.head(path)
    assert (reply.status_code, reply.headers["content-length"]) == (200, str(len(CONTENT)))


def test_serves_a_range(stack: Stack, path: str) -> None:
    with stack.client() as http:
        reply = http.get(path, headers={"Range": "bytes=10-19"})
    assert (reply.status_code, reply.content) == (206, CONTENT[10:20])
    assert reply.headers["content-range"] == f"bytes 10-19/{len(CONTENT)}"


def test_refuses_a_range_past_the_end(stack: Stack, path: str) -> None:
    with stack.client() as http:
        assert http.get(path, headers={"Range": f"bytes={len(CONTENT)}-"}).status_code == 416


def test_does_not_send_what_the_caller_has(stack: Stack, path: str) -> None:
    with stack.client() as http:
        etag = http.get(path).headers["etag"]
        assert http.get(path, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("path", ["/files/", "/files/none.png", "/files/../secret", "/files/%2e%2e/x"])
def test_a_missing_file_is_a_404_in_our_words(stack: Stack, path: str) -> None:
    with stack.client() as http:
        reply = http.get(path)
    assert (reply.status_code, reply.json()["error"]["type"]) == (404, "not_found_error")


def test_an_unknown_path_is_a_404_in_our_words(stack: Stack) -> None:
    with stack.client() as http:
        reply = http.get("/v1/nothing")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found")

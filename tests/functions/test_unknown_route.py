"""Routes and methods that do not exist."""

import pytest

from corent.edge.routes import ROUTES
from tests.functions.conftest import Cloud

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
WRONG = [(method, path) for path, allowed in ROUTES.items() for method in sorted(METHODS - set(allowed))]


def test_an_unknown_path_is_404_in_the_one_shape(cloud: Cloud) -> None:
    answer = cloud.call("unknown_route", "GET", "/{proxy+}", path={"proxy+": "v1/nothing"})
    assert answer.status == 404
    error = answer.json["error"]
    assert (error["type"], error["code"], error["param"]) == ("not_found_error", "not_found", None)
    assert error["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Allow" not in answer.headers


@pytest.mark.parametrize(("method", "path"), WRONG, ids=[f"{m} {p}" for m, p in WRONG])
def test_a_wrong_method_is_405_and_says_the_right_ones(cloud: Cloud, method: str, path: str) -> None:
    answer = cloud.call("unknown_route", method, path, path={"id": "x"})
    assert (answer.status, answer.json["error"]["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"].split(", ") == list(ROUTES[path])


@pytest.mark.parametrize("proxy", ["../etc/passwd", "<script>", "v1/jobs/%2e%2e", "\u202e", "x" * 5000])
def test_the_path_is_not_echoed(cloud: Cloud, proxy: str) -> None:
    answer = cloud.call("unknown_route", "POST", "/{proxy+}", path={"proxy+": proxy}, raw="\x00")
    assert answer.status == 404
    assert proxy not in answer.text

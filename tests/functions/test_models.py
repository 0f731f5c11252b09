"""GET /v1/models and /v1/models/{id}: our tiers as OpenAI lists models, and nobody else's names."""

import pytest

from corent.providers.catalog import tiers
from corent.usecases.open_account import OpenedAccount
from tests.forbidden_words import find_forbidden
from tests.functions.conftest import Answer, Cloud
from tests.functions.openai_client import Wire, openai_client


def read(cloud: Cloud, key: str, name: str) -> Answer:
    return cloud.call("models_get", "GET", "/v1/models/{id}", key=key, path={"id": name})


def test_the_official_client_lists_every_tier_and_nothing_else(cloud: Cloud, account: OpenedAccount) -> None:
    listed = openai_client(Wire(cloud), account.live_key).models.list().data
    assert [model.id for model in listed] == [tier.name for tier in tiers()]
    assert {(model.object, model.owned_by) for model in listed} == {("model", "corent")}


def test_the_official_client_reads_one(cloud: Cloud, account: OpenedAccount) -> None:
    model = openai_client(Wire(cloud), account.live_key).models.retrieve("corent-image-fast")
    assert (model.id, model.object, model.owned_by) == ("corent-image-fast", "model", "corent")
    assert 1_700_000_000 < model.created < 1_900_000_000


def test_a_model_says_its_price_and_what_that_is_of(cloud: Cloud, account: OpenedAccount) -> None:
    image, video = (
        read(cloud, account.live_key, name).json for name in ("corent-image-fast", "corent-video-premium")
    )
    assert (image["kind"], image["preference"]) == ("image", "fast")
    assert (image["price_micros"], image["unit"]) == (20_000, "image")
    assert (video["kind"], video["preference"]) == ("video", "balanced")
    assert (video["price_micros"], video["unit"]) == (126_000, "second")


def test_the_list_and_each_of_it_are_the_same(cloud: Cloud, account: OpenedAccount) -> None:
    listed = cloud.call("models_list", "GET", "/v1/models", key=account.live_key).json
    assert listed["object"] == "list"
    assert [read(cloud, account.live_key, each["id"]).json for each in listed["data"]] == listed["data"]


@pytest.mark.parametrize(
    "name", ["gpt-image-2", "corent-image", "CORENT-IMAGE-FAST", "fast", "auto", "ü", "a b"]
)
def test_a_name_that_is_no_tiers_is_404(cloud: Cloud, account: OpenedAccount, name: str) -> None:
    answer = read(cloud, account.live_key, name)
    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


def test_nobody_elses_name_is_in_it(cloud: Cloud, account: OpenedAccount) -> None:
    listed = cloud.call("models_list", "GET", "/v1/models", key=account.live_key)
    assert find_forbidden(listed.text + str(listed.headers)) == []

"""A key's monthly limit under two hundred requests at once: not one image more than it pays for."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.invariants import violations
from tests.stack.books import read_books
from tests.stack.conftest import Account, Stack

REQUESTS = 200
IMAGES = 7
PRICE_CENTS = 2


def test_a_key_for_seven_images_serves_exactly_seven(stack: Stack, account: Account) -> None:
    with stack.client(key=account.live_key) as admin:
        made = admin.post("/v1/account/keys", json={"label": "seven", "limit_cents": IMAGES * PRICE_CENTS})
        assert made.status_code == 201, made.text
        limited = made.json()["key"]

    def ask(number: int) -> tuple[int, str]:
        with stack.client(key=limited) as client:
            answer = client.post(
                "/v1/images/generate", json={"prompt": f"a fox, number {number}", "preference": "fast"}
            )
        return answer.status_code, answer.json().get("error", {}).get("code", "")

    with ThreadPoolExecutor(REQUESTS) as pool:
        answers = Counter(pool.map(ask, range(REQUESTS)))
    assert answers == {(200, ""): IMAGES, (402, "key_limit_reached"): REQUESTS - IMAGES}
    with stack.client(key=account.live_key) as owner:
        assert owner.get("/v1/account/usage").json()["total_spent_cents"] == IMAGES * PRICE_CENTS
    assert violations(**read_books(stack, account)) == []

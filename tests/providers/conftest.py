"""What a function's environment holds: a role, and the region it runs in."""

from collections.abc import Iterator

import pytest

from tests.providers.doubles import KEY


@pytest.fixture(scope="module", autouse=True)
def role() -> Iterator[None]:
    """A role's credentials; its key id is the one the contract looks for in what is sent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_REGION", "us-west-2")
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", "role-secret")
        patch.delenv("AWS_SESSION_TOKEN", raising=False)
        yield

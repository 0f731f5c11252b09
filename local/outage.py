"""Make one of the sandbox's models fail, or work again: `python -m local.outage MODEL failing|working`."""

import json
import sys

import httpx

from local import aws
from local.place import StackError, from_environment

SECRET = "corent/providers/sandbox"  # noqa: S105 - the secret's name
TIMEOUT_S = 30.0


def turn(model: str, status: str) -> None:
    """Tell the sandbox of the running stack. Raises StackError with its answer where it refuses."""
    aws.use_emulator(from_environment())
    secret = json.loads(aws.secrets().get_secret_value(SecretId=SECRET)["SecretString"])
    reply = httpx.put(
        f"{secret['base_url']}/v1/models/{model}",
        json={"status": status},
        headers={"Authorization": f"Bearer {secret['api_key']}"},
        timeout=TIMEOUT_S,
        trust_env=False,
    )
    if reply.status_code != httpx.codes.OK:
        raise StackError(f"The sandbox refused: {reply.text}")
    sys.stdout.write(f"{reply.text}\n")


if __name__ == "__main__":
    try:
        turn(*sys.argv[1:3])
    except StackError as error:
        sys.exit(str(error))

"""The little of the command `aws` that the README uses, by the service's own description."""

import json
import os
import sys
from typing import Any, cast

import boto3
from botocore import xform_name


def main() -> None:
    service, command, *words = sys.argv[1:]
    client: Any = boto3.Session(region_name=os.environ["AWS_REGION"]).client(cast(Any, service))
    names = {xform_name(name): name for name in client.meta.service_model.operation_names}
    operation = client.meta.service_model.operation_model(names[command.replace("-", "_")])
    given = dict(zip(words[::2], words[1::2], strict=True))
    members = {f"--{xform_name(name).replace('_', '-')}": name for name in operation.input_shape.members}
    answer = getattr(client, command.replace("-", "_"))(
        **{members[option]: value for option, value in given.items()}
    )
    answer.pop("ResponseMetadata")
    sys.stdout.write(json.dumps(answer, default=str))


main()

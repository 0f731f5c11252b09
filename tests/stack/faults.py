"""What an operator or a bad day does to the running stack."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.stack.conftest import Stack


@contextmanager
def misconfigured(stack: Stack, function: str, variable: str) -> Iterator[None]:
    """Within this, the function knows one of its resources by a name that does not exist."""
    functions, name = stack.aws("lambda"), stack.physical_id(function)
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    wrong = {**variables, variable: f"{variables[variable]}-none"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": wrong})
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


def make_due(stack: Stack, subject_id: str) -> None:
    """Let the time have come to look at a job or batch."""
    is_batch = subject_id.startswith("batch_")
    stack.aws("dynamodb").update_item(
        TableName=stack.tables["jobs"],
        Key={
            "pk": {"S": f"{'B' if is_batch else 'J'}#{subject_id}"},
            "sk": {"S": "BATCH" if is_batch else "JOB"},
        },
        UpdateExpression="SET open_by_s = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )

"""What template.yaml promises: code, an event and a role for every function, and no wide permission."""

import json
from pathlib import Path
from typing import Any

import pytest

from corent.edge.routes import PUBLIC_ROUTES
from corent.jobs.job import IMAGE_DEADLINE_MS, TERMINAL, VIDEO_DEADLINE_MS, AttemptOutcome, JobState
from corent.providers.catalog import offers
from tests.template.template import (
    ROOT,
    actions,
    folder,
    functions,
    granted_resources,
    resources,
    routes,
    statements,
    template,
)

FUNCTIONS = sorted(functions())
BALANCES = {"Fn::GetAtt": "BalancesTable.Arn"}


def _module(name: str) -> str:
    """The module of a function's handler: `app`, but for a second function of the same code.

    Where AWS starts a server of its own instead, it is the local stage's.
    """
    handler: Any = functions()[name].get("Handler", template()["Globals"]["Function"]["Handler"])
    if isinstance(handler, dict):
        handler = handler["Fn::If"][2]
    return str(handler).removesuffix(".handler")


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_its_code(name: str) -> None:
    assert (folder(functions()[name]) / f"{_module(name)}.py").is_file()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_a_sample_event(name: str) -> None:
    event = ROOT / "events" / f"{folder(functions()[name]).name}.json"
    assert isinstance(json.loads(event.read_text()), dict)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_named_after_its_folder(name: str) -> None:
    of_its_own = "" if _module(name) == "app" else _camel(_module(name))
    assert name == f"{_camel(folder(functions()[name]).name)}{of_its_own}Function"


@pytest.mark.parametrize(
    "code", sorted(path.parent for path in (ROOT / "functions").glob("*/app.py")), ids=lambda p: p.name
)
def test_every_folder_of_code_is_deployed(code: Path) -> None:
    assert code in {folder(function) for function in functions().values()}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_a_role_of_its_own(name: str) -> None:
    assert "Role" not in functions()[name]
    assert "Role" not in template()["Globals"]["Function"]


@pytest.mark.parametrize("name", sorted(resources("AWS::Serverless::StateMachine")))
def test_no_machine_may_do_everything_or_touch_everything(name: str) -> None:
    for policy in resources("AWS::Serverless::StateMachine")[name]["Policies"]:
        for statement in policy["Statement"]:
            assert not [action for action in actions(statement) if "*" in action]
            assert "*" not in granted_resources(statement)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_may_do_everything_or_touch_everything(name: str) -> None:
    for statement in statements(functions()[name]):
        assert not [action for action in actions(statement) if "*" in action]
        assert "*" not in granted_resources(statement)


def test_only_who_buys_images_may_invoke_models_and_only_those_of_the_catalog() -> None:
    granted = {
        name: granted_resources(statement)
        for name in FUNCTIONS
        for statement in statements(functions()[name])
        if any(action.startswith("bedrock:") for action in actions(statement))
    }
    buyers = ("GenerationSubmit", "ImagesGenerate", "ImagesGenerations", "OnProbeTick")
    assert set(granted) == {f"{name}Function" for name in buyers}
    prefix = "arn:${AWS::Partition}:bedrock:*::foundation-model/"
    models = {offer.model for offer in offers() if offer.upstream == "bedrock"}
    for allowed in granted.values():
        assert {arn["Fn::Sub"] for arn in allowed} == {f"{prefix}{model}" for model in models}
    said = {action for name in granted for s in statements(functions()[name]) for action in actions(s)}
    assert {action for action in said if action.startswith("bedrock:")} == {"bedrock:InvokeModel"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_can_delete_from_the_balances(name: str) -> None:
    granted = {
        action
        for statement in statements(functions()[name])
        if BALANCES in granted_resources(statement)
        for action in actions(statement)
    }
    assert not granted & {"dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteTable"}


def test_every_path_answers_every_method() -> None:
    paths = {path for _, path in routes()}
    assert {path for method, path in routes() if method == "ANY"} == paths


def test_unknown_paths_and_wrong_methods_reach_one_function() -> None:
    assert {code for (method, _), code in routes().items() if method == "ANY"} == {"unknown_route"}


def test_only_the_listed_routes_are_public() -> None:
    served = {(method, path) for method, path in routes() if method != "ANY"}
    assert served >= PUBLIC_ROUTES


@pytest.mark.parametrize("name", sorted(resources("AWS::DynamoDB::Table")))
def test_every_table_can_be_restored_to_a_point_in_time(name: str) -> None:
    table = resources("AWS::DynamoDB::Table")[name]
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.parametrize("name", sorted(resources("AWS::S3::Bucket")))
def test_no_bucket_can_become_public(name: str) -> None:
    assert set(resources("AWS::S3::Bucket")[name]["PublicAccessBlockConfiguration"].values()) == {True}


def test_health_is_woken_by_the_ends_of_jobs_and_of_failed_attempts_and_by_nothing_else() -> None:
    source = functions()["OnJobSettledFunction"]["Events"]["Jobs"]["Properties"]
    images = [
        json.loads(each["Pattern"])["dynamodb"]["NewImage"] for each in source["FilterCriteria"]["Filters"]
    ]
    assert [image["sk"] for image in images] == [{"S": ["JOB"]}] * 2
    ends, failed = images
    assert set(ends["state"]["S"]) == TERMINAL
    assert set(failed["state"]["S"]) == set(JobState) - TERMINAL
    # Begun, or not known yet, is no end; and one that delivered ends its job.
    open_ends = {AttemptOutcome.UNKNOWN, AttemptOutcome.WORKING, AttemptOutcome.ABANDONED}
    assert set(failed["last_outcome"]["S"]) == set(AttemptOutcome) - open_ends - {AttemptOutcome.COMPLETED}


def test_the_stream_of_jobs_tells_how_a_job_stood_before() -> None:
    # What ended with a write is what had not ended before it.
    table = resources("AWS::DynamoDB::Table")["JobsTable"]
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_only_the_sender_may_open_webhook_secrets() -> None:
    may_open = {
        name
        for name, function in functions().items()
        for statement in statements(function)
        if "kms:Decrypt" in actions(statement)
    }
    assert may_open == {"OnWebhookDueFunction"}


def test_the_sender_may_read_what_is_owed_open_its_secret_and_send_for_itself() -> None:
    granted = [
        (action, json.dumps(resource))
        for statement in statements(functions()["OnWebhookDueFunction"])
        for action in actions(statement)
        for resource in granted_resources(statement)
    ]
    assert {resource for _, resource in granted} == {
        json.dumps({"Fn::GetAtt": f"{name}.Arn"}) for name in ("JobsTable", "WebhookKey", "WebhooksQueue")
    }
    assert {action for action, _ in granted} == {
        *("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        *("kms:Decrypt", "sqs:SendMessage"),
    }


MACHINES = {
    name: json.loads((ROOT / "statemachines" / f"{name.lower()}.asl.json").read_text())
    for name in ("Generation", "Batch")
}
# By machine and state: the function that the state calls.
STEPS = {
    (machine, name): f"{machine}{state['Arguments']['FunctionName'].removeprefix('${')[:-1]}"
    for machine, definition in MACHINES.items()
    for name, state in definition["States"].items()
    if state["Type"] == "Task"
}


@pytest.mark.parametrize(("machine", "state"), [step for step in STEPS if step[1] != "Await"])
def test_a_step_ends_before_its_state_gives_it_up(machine: str, state: str) -> None:
    # Else a second one would begin while the first still runs.
    limit_s = MACHINES[machine]["States"][state]["TimeoutSeconds"]
    assert functions()[STEPS[machine, state]]["Timeout"] < limit_s


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_may_call_its_own_steps_and_no_other_function(machine: str) -> None:
    described = resources("AWS::Serverless::StateMachine")[f"{machine}Machine"]
    (policy,) = described["Policies"]
    calling = [each for each in policy["Statement"] if "lambda:InvokeFunction" in actions(each)]
    arns = [{"Fn::GetAtt": f"{step}.Arn"} for (owner, _), step in STEPS.items() if owner == machine]
    assert [granted_resources(each) for each in calling] == [arns]
    functions_of = {
        name: arn for name, arn in described["DefinitionSubstitutions"].items() if name.endswith("Function")
    }
    assert list(functions_of.values()) == arns


def test_a_batch_may_start_jobs_and_watch_their_executions_and_nothing_else() -> None:
    (policy,) = resources("AWS::Serverless::StateMachine")["BatchMachine"]["Policies"]
    granted = {
        action: resource["Fn::Sub"]
        for statement in policy["Statement"]
        for action in actions(statement)
        for resource in granted_resources(statement)
        if action != "lambda:InvokeFunction"
    }
    assert {action: resource.split("}:")[1].split(":")[0] for action, resource in granted.items()} == {
        **dict.fromkeys(
            ("states:StartExecution", "states:DescribeExecution", "states:StopExecution"), "states"
        ),
        **dict.fromkeys(("events:PutTargets", "events:PutRule", "events:DescribeRule"), "events"),
    }
    assert all("-generation" in each or "StepFunctionsGetEvents" in each for each in granted.values())


def test_an_execution_outlasts_the_longest_job() -> None:
    assert (
        MACHINES["Generation"]["TimeoutSeconds"] * 1000 > max(IMAGE_DEADLINE_MS, VIDEO_DEADLINE_MS) + 120_000
    )


@pytest.mark.parametrize("name", sorted(set(resources("AWS::SQS::Queue")) - {"DeadLetters"}))
def test_every_queue_gives_up_into_the_dead_letters_after_five_receives(name: str) -> None:
    redrive = resources("AWS::SQS::Queue")[name]["RedrivePolicy"]
    assert redrive == {"deadLetterTargetArn": {"Fn::GetAtt": "DeadLetters.Arn"}, "maxReceiveCount": 5}


def test_only_the_functions_around_payments_know_the_card_processor() -> None:
    layered = {name for name in FUNCTIONS if {"Ref": "StripeLayer"} in functions()[name].get("Layers", [])}
    assert layered == {
        f"{name}Function"
        for name in (
            *("AccountDeposit", "StripeEvents", "OnPaymentEvent"),
            *("OnPaymentsCheckTick", "OnBalanceCrossed"),
        )
    }
    allowed = {
        name
        for name in FUNCTIONS
        for statement in statements(functions()[name])
        if any("corent/stripe-" in json.dumps(each) for each in granted_resources(statement))
    }
    assert allowed == layered


def test_only_who_quotes_and_who_buys_one_thing_may_read_the_quotes_secret() -> None:
    secret = {"Ref": "QuoteSecret"}
    allowed = {
        name
        for name in FUNCTIONS
        for statement in statements(functions()[name])
        if secret in granted_resources(statement)
    }
    given = {
        name
        for name in FUNCTIONS
        if secret in functions()[name].get("Environment", {}).get("Variables", {}).values()
    }
    assert (
        allowed
        == given
        == {f"{name}Function" for name in ("ImagesGenerate", "ImagesGenerations", "VideosGenerate", "Quote")}
    )


def test_quoting_may_write_nothing_but_the_keys_rate() -> None:
    granted = {
        (action, json.dumps(resource))
        for statement in statements(functions()["QuoteFunction"])
        for action in actions(statement)
        for resource in granted_resources(statement)
        if action != "secretsmanager:GetSecretValue"
    }
    keys, health = (json.dumps({"Fn::GetAtt": f"{name}.Arn"}) for name in ("KeysTable", "HealthTable"))
    assert granted == {
        ("dynamodb:GetItem", keys),
        ("dynamodb:UpdateItem", keys),
        ("dynamodb:GetItem", health),
    }


def test_the_account_check_may_write_nothing_but_a_freeze() -> None:
    granted = {
        action
        for statement in statements(functions()["OnAccountsCheckTickFunction"])
        for action in actions(statement)
    }
    assert granted == {
        *("dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:UpdateItem")
    }


def test_receiving_an_event_may_read_no_table() -> None:
    granted = {
        action
        for statement in statements(functions()["StripeEventsFunction"])
        for action in actions(statement)
    }
    assert granted == {"secretsmanager:GetSecretValue", "sqs:SendMessage"}

"""What template.yaml promises about people: how they sign in, and what the pages' functions may touch."""

import json

import pytest

from corent.accounts.sessions import ABSOLUTE_MS
from tests.template.template import actions, functions, granted_resources, resources, statements

(POOL,) = resources("AWS::Cognito::UserPool").values()
(CLIENT,) = resources("AWS::Cognito::UserPoolClient").values()
PAGES = ("DashboardFunction", "DocsFunction", "StatusPageFunction", "AssetsGetFunction")


def test_known_and_unknown_addresses_are_answered_alike() -> None:
    assert CLIENT["PreventUserExistenceErrors"] == "ENABLED"


def test_an_address_is_verified_before_it_counts() -> None:
    assert POOL["AutoVerifiedAttributes"] == ["email"]
    assert POOL["UserAttributeUpdateSettings"] == {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    assert POOL["UsernameConfiguration"] == {"CaseSensitive": False}


def test_people_sign_in_with_a_code_by_mail_a_passkey_or_a_password() -> None:
    policies = POOL["Policies"]
    assert policies["SignInPolicy"] == {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "WEB_AUTHN"]}
    assert policies["PasswordPolicy"]["MinimumLength"] >= 12
    assert POOL["UserPoolTier"] == "ESSENTIALS"


def test_the_only_flow_is_the_code_flow_of_a_client_without_a_secret() -> None:
    assert CLIENT["AllowedOAuthFlows"] == ["code"]
    assert CLIENT["GenerateSecret"] is False
    assert set(CLIENT["AllowedOAuthScopes"]) == {"openid", "email"}


def test_a_browser_is_sent_back_to_one_address_and_no_other() -> None:
    for name, path in (("CallbackURLs", "/dashboard/sign-in/return"), ("LogoutURLs", "/dashboard/sign-in")):
        (address,) = CLIENT[name]
        assert address["Fn::If"][1] == {"Fn::Sub": "${PublicBaseUrl}" + path}
        assert "*" not in json.dumps(address)


def test_the_pools_tokens_are_over_long_before_a_session() -> None:
    assert CLIENT["TokenValidityUnits"] == dict.fromkeys(
        ("IdToken", "AccessToken", "RefreshToken"), "minutes"
    )
    assert CLIENT["RefreshTokenValidity"] * 60_000 < ABSOLUTE_MS


def test_the_pool_outlives_the_stack() -> None:
    from tests.template.template import template

    for name in ("UserPool", "PeopleTable"):
        resource = template()["Resources"][name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_only_the_dashboard_may_touch_people() -> None:
    people = {"Fn::GetAtt": "PeopleTable.Arn"}
    touching = {
        name
        for name, function in functions().items()
        for statement in statements(function)
        if people in granted_resources(statement)
    }
    assert touching == {"DashboardFunction"}


def test_the_dashboard_reads_no_job_no_secret_and_no_file_by_itself() -> None:
    granted = json.dumps(list(statements(functions()["DashboardFunction"])))
    for foreign in (
        "JobsTable",
        "HealthTable",
        "secretsmanager",
        "s3:",
        "kms:",
        "states:",
        "lambda:",
        "sqs:",
    ):
        assert foreign not in granted


def test_the_dashboard_cannot_list_or_read_keys_but_by_their_account() -> None:
    keys = {"Fn::GetAtt": "KeysTable.Arn"}
    on_keys = {
        action
        for statement in statements(functions()["DashboardFunction"])
        if keys in granted_resources(statement)
        for action in actions(statement)
    }
    assert on_keys == {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}


@pytest.mark.parametrize("name", ["DocsFunction", "AssetsGetFunction"])
def test_what_is_only_read_needs_no_permission(name: str) -> None:
    assert list(statements(functions()[name])) == []


def test_pages_alone_have_the_layer_of_pages() -> None:
    layered = {
        name for name, function in functions().items() if {"Ref": "PagesLayer"} in function.get("Layers", [])
    }
    assert layered == {*PAGES, "OpenapiGetFunction"}


def test_one_address_serves_api_pages_and_results() -> None:
    config = resources("AWS::CloudFront::Distribution")["SiteDistribution"]["DistributionConfig"]
    origins = {origin["Id"]: origin for origin in config["Origins"]}
    assert origins["api"]["OriginPath"] == "/live"
    by_path = {
        behaviour["PathPattern"]: behaviour["TargetOriginId"] for behaviour in config["CacheBehaviors"]
    }
    assert by_path == {"/files/*": "results", "/assets/*": "api"}
    default = config["DefaultCacheBehavior"]
    # Answers differ by key and cookie: none of the API's is kept.
    assert default["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert default["ViewerProtocolPolicy"] == "https-only"
    assert "POST" in default["AllowedMethods"]


def test_no_function_refers_to_the_distribution_that_refers_to_it() -> None:
    assert "SiteDistribution" not in json.dumps(functions())

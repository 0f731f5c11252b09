"""Reach the emulator, and nothing else, whatever the person's own AWS settings say."""

import os
from typing import TYPE_CHECKING

import boto3

from local.place import Place

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

REGION = "us-east-1"


def variables(place: Place) -> dict[str, str]:
    """Return the variables with which AWS tools and clients reach the stack's emulator."""
    return {
        "AWS_ENDPOINT_URL": place.aws_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": f"127.0.0.1,localhost,{place.aws_host}",
        "SAM_CLI_TELEMETRY": "0",
    }


def use_emulator(place: Place) -> None:
    """Point this process, and every program it starts, at the stack's emulator."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(variables(place))


def cloudformation() -> "CloudFormationClient":
    """Return a client of the emulator."""
    return boto3.client("cloudformation")


def functions() -> "LambdaClient":
    """Return a client of the emulator."""
    return boto3.client("lambda")


def s3() -> "S3Client":
    """Return a client of the emulator."""
    return boto3.client("s3")


def secrets() -> "SecretsManagerClient":
    """Return a client of the emulator."""
    return boto3.client("secretsmanager")


def people() -> "CognitoIdentityProviderClient":
    """Return a client of the emulator."""
    return boto3.client("cognito-idp")

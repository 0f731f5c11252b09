"""The sandbox upstream: POST /v1/generations draws at once, GET /v1/generations/{id} hands out."""

import json
import time
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import Field
from pydantic_settings import BaseSettings
from sandbox import submissions
from sandbox.generations import Generations
from sandbox.keys import ApiKey
from sandbox.studio import Studio
from sandbox.submissions import RefusedError

app = APIGatewayRestResolver()

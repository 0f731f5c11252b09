"""Having a job looked at, because something has happened to it."""

from functools import cache

from corent.adapters.aws import Lambda
from corent.adapters.looks import LambdaLooks
from corent.wiring.settings import Settings, read_settings


class LookSettings(Settings):
    check_function: str


@cache
def look_soon() -> LambdaLooks:
    return LambdaLooks(Lambda(), function=read_settings(LookSettings).check_function)

"""Video generation: placed here, carried by the state machine."""

from functools import cache

from corent.usecases.generate_video import GenerateVideo
from corent.wiring.executions import executions
from corent.wiring.orders import place_order


@cache
def generate() -> GenerateVideo:
    return GenerateVideo(place=place_order(), start=executions().start)

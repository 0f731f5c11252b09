"""Bodies of the model endpoints, in OpenAI's shape (openai 3.54.0, `types/model.py`, read 2026-11-28)."""

from typing import Literal

from corent.edge.bodies import JobKind, Reply
from corent.edge.bodies.orders import Preference


class ModelReply(Reply):
    """A tier. `kind`, `preference` and `price_micros`, in millionths of a dollar per `unit`, are ours."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: Literal["corent"]
    kind: JobKind
    preference: Preference
    price_micros: int
    unit: Literal["image", "second"]


class ModelsReply(Reply):
    object: Literal["list"]
    data: list[ModelReply]

"""What an operator may ask for, told apart by `act`."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from corent.edge.bodies import Body

type Cents = Annotated[int, Field(ge=1, le=100_000_000)]
type Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@-]{1,64}$")]
type AccountId = Annotated[str, StringConstraints(pattern=r"^acct_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
type JobId = Annotated[str, StringConstraints(pattern=r"^job_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]


class _Act(Body):
    operator: Word
    ticket: Word
    account_id: AccountId


class Goodwill(_Act):
    act: Literal["goodwill"]
    job_id: JobId
    amount_cents: Cents


class Adjust(_Act):
    act: Literal["adjust"]
    amount_cents: Cents
    counterpart: Literal["card_clearing", "promotion", "revenue"]
    direction: Literal["into_wallet", "out_of_wallet"]


class Unfreeze(_Act):
    act: Literal["unfreeze"]


type Act = Annotated[Goodwill | Adjust | Unfreeze, Field(discriminator="act")]

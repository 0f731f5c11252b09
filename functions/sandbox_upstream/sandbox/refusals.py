"""Refusals: the one error the sandbox answers with."""


class RefusedError(Exception):
    """The sandbox answers with an error. `field` is what is wrong with the request, where one field is."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.retry_after_s = retry_after_s

"""The caller's input image: fetched and cleaned, or its address judged where the fetch comes later."""

from collections.abc import Callable
from typing import Final

from corent.core.errors import InvalidRequestError
from corent.core.fetching import Fetch, FetchFailedError, FetchLimits, FetchRefusedError
from corent.core.pictures import NotAPictureError, clean_picture, media_type
from corent.core.upstream import InputImage

INPUT_LIMITS: Final = FetchLimits(bytes_max=20 * 1024 * 1024, timeout_s=10.0, redirects_max=0)

# Raises FetchRefusedError for an address that may not be called, whatever its name resolves to.
type CheckUrl = Callable[[str], None]


def fetch_input_image(url: str, *, fetch: Fetch) -> InputImage:
    """The caller's input image, without metadata. Raises InvalidRequestError when it cannot be used."""
    try:
        picture = clean_picture(fetch(url, limits=INPUT_LIMITS))
    except (FetchRefusedError, FetchFailedError, NotAPictureError) as error:
        raise _unusable() from error
    return InputImage(content=picture.content, media_type=media_type(picture.format))


def check_input_url(url: str, *, check: CheckUrl) -> None:
    """Raise InvalidRequestError for an address that would be refused; nothing is called."""
    try:
        check(url)
    except FetchRefusedError as error:
        raise _unusable() from error


def _unusable() -> InvalidRequestError:
    return InvalidRequestError(
        "image_url must be a public https address of a PNG, JPEG or WebP image of at most 20 MiB.",
        code="invalid_image_url",
        param="image_url",
    )

"""Files: frames as an MP4 that plays while it loads, with nothing in it but the pictures."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.bitstream import BitStreamFilterContext
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from sandbox.filming.frames import Planes

if TYPE_CHECKING:
    from PIL import Image

FRAMES_PER_S = 24
# One thread: with more, the bytes depend on how many processors the machine has.
_ENCODER = {"preset": "superfast", "crf": "25", "threads": "1"}
# `faststart` puts the index first, `bitexact` leaves out the tools' names and versions.
_CONTAINER = {"movflags": "+faststart", "fflags": "+bitexact"}
# Supplemental information (ITU-T H.264, 7.4.1: type 6) is where the encoder writes its name and settings.
_BARE = "filter_units=remove_types=6"


def encode(frames: Iterable[Planes], *, width_px: int, height_px: int) -> bytes:
    """Return the file's bytes: H.264, 8 bits, 4:2:0. Sides are even."""
    # The index can be put first only in a file that can be read again.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        with av.open(str(path), "w", format="mp4", options=_CONTAINER) as container:
            stream = container.add_stream("libx264", rate=FRAMES_PER_S, options=_ENCODER)
            stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
            stream.gop_size = 2 * FRAMES_PER_S
            context = stream.codec_context
            context.color_range = ColorRange.MPEG
            context.colorspace = Colorspace.ITU709
            context.color_primaries = ColorPrimaries.BT709
            context.color_trc = ColorTrc.BT709
            bare = BitStreamFilterContext(_BARE, stream)
            for number, planes in enumerate(frames):
                for packet in stream.encode(_frame(planes, number=number)):
                    container.mux(bare.filter(packet))
            for packet in stream.encode(None):
                container.mux(bare.filter(packet))
        return path.read_bytes()


def _frame(planes: Planes, *, number: int) -> av.VideoFrame:
    frame = av.VideoFrame(*planes[0].size, "yuv420p")
    for target, plane in zip(frame.planes, planes, strict=True):
        target.update(_rows(plane, line_px=target.line_size))
    frame.pts = number
    return frame


def _rows(plane: "Image.Image", *, line_px: int) -> bytes:
    """Return the plane's bytes, each row as long as the encoder keeps it."""
    padded = plane if plane.width == line_px else plane.crop((0, 0, line_px, plane.height))
    return padded.tobytes()

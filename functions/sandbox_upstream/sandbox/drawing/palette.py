"""Palettes: the colours of a theme's light, air, land and water."""

import colorsys
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox.drawing.canvas import Color, mix
from sandbox.drawing.words import Theme


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one picture. `sky` runs from the top down; land runs from `far` to `near`."""

    sky: tuple[Color, ...]
    haze: Color
    far: Color
    near: Color
    light: Color
    ambient: Color
    dimming: float
    water: tuple[Color, Color]
    accent: Color

    @property
    def is_night(self) -> bool:
        """Whether windows are lit and stars are out."""
        return self.dimming >= 0.5


_TIMES = {
    "dawn": Palette(
        sky=((86, 106, 170), (170, 146, 196), (248, 184, 172), (255, 226, 186)),
        haze=(253, 212, 188),
        far=(172, 150, 190),
        near=(54, 54, 92),
        light=(255, 236, 200),
        ambient=(255, 216, 206),
        dimming=0.3,
        water=((226, 178, 182), (72, 84, 136)),
        accent=(244, 128, 110),
    ),
    "day": Palette(
        sky=((48, 122, 206), (104, 174, 232), (176, 216, 242), (232, 244, 244)),
        haze=(218, 236, 244),
        far=(142, 180, 204),
        near=(34, 84, 82),
        light=(255, 251, 230),
        ambient=(255, 252, 244),
        dimming=0.0,
        water=((146, 206, 224), (22, 92, 142)),
        accent=(250, 170, 60),
    ),
    "sunset": Palette(
        sky=((56, 46, 108), (164, 72, 122), (244, 122, 88), (255, 208, 122)),
        haze=(255, 172, 118),
        far=(176, 92, 116),
        near=(46, 26, 58),
        light=(255, 226, 150),
        ambient=(255, 184, 150),
        dimming=0.36,
        water=((250, 158, 104), (74, 44, 96)),
        accent=(255, 190, 84),
    ),
    "dusk": Palette(
        sky=((26, 32, 80), (76, 66, 136), (170, 106, 156), (246, 176, 158)),
        haze=(192, 134, 172),
        far=(108, 86, 146),
        near=(24, 22, 58),
        light=(255, 222, 200),
        ambient=(190, 164, 220),
        dimming=0.45,
        water=((184, 122, 162), (34, 36, 88)),
        accent=(255, 150, 140),
    ),
    "night": Palette(
        sky=((7, 11, 34), (14, 27, 68), (30, 56, 112), (74, 108, 158)),
        haze=(76, 112, 164),
        far=(48, 76, 128),
        near=(8, 14, 38),
        light=(240, 243, 255),
        ambient=(132, 152, 220),
        dimming=0.55,
        water=((56, 90, 144), (8, 18, 50)),
        accent=(255, 206, 120),
    ),
}
_LAND: dict[str, tuple[Color, float]] = {
    "forest": ((40, 104, 72), 0.4),
    "meadow": ((104, 168, 58), 0.72),
    "desert": ((226, 152, 84), 0.62),
    "mars": ((196, 84, 48), 0.66),
    "arctic": ((206, 226, 244), 0.6),
    "mountains": ((70, 104, 126), 0.12),
}
_STORM = ((26, 32, 46), (52, 62, 82), (92, 106, 124), (150, 158, 160))


def choose(theme: Theme, *, rng: random.Random) -> Palette:
    """Return the palette of a theme; the words' hash moves every hue a little."""
    palette = _TIMES[theme.time]
    if theme.setting == "mars":
        palette = _martian(palette)
    elif "storm" in theme.weather or ({"rain", "fog"} & theme.weather and theme.time == "day"):
        palette = _overcast(palette, strength=0.78 if "storm" in theme.weather else 0.5)
    elif "snow" in theme.weather:
        palette = replace(palette, sky=tuple(mix(color, (214, 224, 238), 0.2) for color in palette.sky))
    tone, share = _LAND.get(theme.setting, ((0, 0, 0), 0.0))
    if share and not (theme.setting == "meadow" and "snow" in theme.weather):
        shaded = _times(tone, palette.ambient, palette.dimming)
        palette = replace(
            palette,
            far=mix(palette.far, shaded, share * 0.7),
            near=mix(palette.near, mix(shaded, palette.near, 0.35), share),
        )
    drift = rng.uniform(-0.028, 0.028)
    palette = _every(palette, lambda color: _turned(color, hue=drift))
    for place, color in enumerate(theme.colors[:3]):
        palette = _tinted(palette, color, place=place)
    if "neon" in theme.extras:
        palette = replace(
            palette,
            sky=((10, 8, 36), (38, 16, 84), (112, 32, 132), (238, 88, 160)),
            haze=(150, 60, 170),
            far=(62, 36, 110),
            near=(12, 8, 34),
            accent=(60, 232, 240),
        )
    if theme.mood == "pastel":
        palette = _every(palette, lambda color: mix(color, (255, 246, 246), 0.34))
    elif theme.mood == "dark":
        palette = _every(palette, lambda color: mix(color, (8, 10, 20), 0.34))
    elif theme.mood == "vivid":
        palette = _every(palette, lambda color: _turned(color, saturation=1.28))
    elif theme.mood == "vintage":
        palette = _every(palette, lambda color: mix(_turned(color, saturation=0.6), (214, 172, 118), 0.22))
    return palette


def _times(color: Color, light: Color, strength: float) -> Color:
    darker = (color[0] * light[0] // 320, color[1] * light[1] // 320, color[2] * light[2] // 320)
    return mix(color, darker, min(strength * 1.5, 1.0))


def _turned(color: Color, *, hue: float = 0.0, saturation: float = 1.0) -> Color:
    h, s, v = colorsys.rgb_to_hsv(color[0] / 255, color[1] / 255, color[2] / 255)
    r, g, b = colorsys.hsv_to_rgb((h + hue) % 1.0, min(s * saturation, 1.0), v)
    return (round(r * 255), round(g * 255), round(b * 255))


def _every(palette: Palette, change: Callable[[Color], Color]) -> Palette:
    return replace(
        palette,
        sky=tuple(change(color) for color in palette.sky),
        haze=change(palette.haze),
        far=change(palette.far),
        near=change(palette.near),
        light=change(palette.light),
        accent=change(palette.accent),
        water=(change(palette.water[0]), change(palette.water[1])),
    )


def _tinted(palette: Palette, color: Color, *, place: int) -> Palette:
    """Let a colour of the prompt into the picture: the first into the air, the second into the land."""
    if place == 0:
        sky = tuple(
            mix(tone, color, share) for tone, share in zip(palette.sky, (0.3, 0.42, 0.42, 0.24), strict=True)
        )
        return replace(palette, sky=sky, haze=mix(palette.haze, color, 0.35), accent=color)
    if place == 1:
        return replace(palette, far=mix(palette.far, color, 0.5), near=mix(palette.near, color, 0.28))
    return replace(palette, water=(mix(palette.water[0], color, 0.4), palette.water[1]))


def _overcast(palette: Palette, *, strength: float) -> Palette:
    sky = tuple(mix(tone, gray, strength) for tone, gray in zip(palette.sky, _STORM, strict=True))
    if palette.is_night:
        sky = tuple(mix(tone, (10, 16, 34), 0.5) for tone in sky)
    return replace(
        palette,
        sky=sky,
        haze=mix(palette.haze, sky[3], strength),
        far=mix(palette.far, (84, 98, 114), strength * 0.8),
        near=mix(palette.near, (20, 28, 40), strength * 0.6),
        ambient=mix(palette.ambient, (176, 190, 210), strength),
        dimming=max(palette.dimming, 0.35),
        water=(
            mix(palette.water[0], (104, 124, 138), strength),
            mix(palette.water[1], (18, 34, 50), strength),
        ),
    )


def _martian(palette: Palette) -> Palette:
    if palette.is_night:
        return replace(
            palette,
            haze=(150, 78, 70),
            far=(120, 66, 74),
            near=(48, 20, 28),
            sky=((14, 10, 30), (44, 22, 50), (110, 52, 62), (200, 110, 84)),
        )
    return replace(
        palette,
        sky=((116, 58, 58), (190, 100, 74), (236, 160, 108), (252, 212, 158)),
        haze=(246, 180, 124),
        far=(206, 122, 84),
        near=(92, 32, 28),
        light=(255, 240, 214),
        ambient=(255, 218, 190),
        dimming=0.22,
    )

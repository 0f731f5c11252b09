"""Words: reads a prompt into a theme, the few things a picture is decided by."""

import re
import zlib
from dataclasses import dataclass

from sandbox.drawing.canvas import Color

SUBJECTS = {
    "fox": "fox vixen",
    "wolf": "wolf wolves husky coyote werewolf",
    "cat": "cat kitten kitty feline lynx",
    "tiger": "tiger tigress leopard jaguar panther cheetah",
    "lion": "lion lioness",
    "dog": "dog puppy hound corgi terrier retriever labrador poodle dachshund",
    "bear": "bear grizzly teddy",
    "panda": "panda",
    "rabbit": "rabbit bunny hare",
    "mouse": "mouse mice rat hamster squirrel",
    "raccoon": "raccoon badger",
    "owl": "owl",
    "penguin": "penguin puffin",
    "deer": "deer stag elk moose reindeer antelope fawn",
    "horse": "horse pony unicorn stallion mare zebra donkey",
    "elephant": "elephant mammoth",
    "bird": "bird eagle hawk seagull gull falcon crow raven dove pigeon sparrow swallow phoenix",
    "duck": "duck swan goose geese duckling",
    "fish": "fish goldfish koi salmon shark tuna clownfish",
    "whale": "whale orca dolphin narwhal",
    "butterfly": "butterfly butterflies moth",
    "dragon": "dragon wyvern",
    "robot": "robot android droid cyborg mech machine rover",
    "astronaut": "astronaut cosmonaut spaceman",
    "person": "person man woman girl boy child people human traveler traveller wanderer hiker wizard "
    "witch king queen "
    "princess knight warrior samurai ninja dancer farmer fisherman monk lady hero ghost",
    "boat": "boat sailboat sailing yacht dinghy sail",
    "ship": "ship galleon steamer ferry submarine vessel pirate",
    "rocket": "rocket spaceship spacecraft shuttle starship",
    "plane": "plane airplane aeroplane aircraft jet glider",
    "balloon": "balloon airship zeppelin blimp",
    "car": "car automobile taxi truck van bus jeep convertible",
    "train": "train locomotive tram railway",
    "house": "house home cottage cabin hut barn farmhouse chalet",
    "lighthouse": "lighthouse beacon",
    "castle": "castle fortress palace citadel kingdom",
    "windmill": "windmill mill turbine",
    "tent": "tent camp camping campsite campfire yurt",
    "temple": "temple pagoda shrine ruin monastery church cathedral",
    "tree": "tree oak maple sakura blossom cherry willow birch bonsai",
    "palm": "palm coconut",
    "cactus": "cactus cacti saguaro",
    "flower": "flower rose tulip daisy sunflower poppy lily lotus orchid dandelion bouquet",
    "mushroom": "mushroom toadstool fungus",
    "cup": "cup mug coffee tea latte cappuccino espresso",
    "vase": "vase pot jar pottery ceramic",
    "fruit": "fruit apple pear orange-fruit peach lemon bowl",
    "crystal": "crystal gem diamond jewel ruby emerald-stone",
    "lantern": "lantern lamp candle",
    "cake": "cake dessert cupcake pastry",
    "book": "book library novel notebook",
}
SETTINGS = {
    "mountains": "mountain peak alp alpine summit hill cliff canyon valley himalaya glacier volcano fjord "
    "highland ridge",
    "sea": "sea ocean coast wave shore bay harbor harbour marine nautical beach island lagoon tropical "
    "maritime",
    "underwater": "underwater reef coral aquarium seabed submerged undersea seaweed jellyfish",
    "forest": "forest wood jungle woodland grove rainforest pines taiga enchanted thicket",
    "city": "city town street skyline urban downtown metropolis skyscraper tokyo york london paris alley "
    "cyberpunk "
    "building rooftop village market cityscape avenue",
    "desert": "desert dune sahara sand egypt pyramid oasis savanna safari",
    "mars": "mars martian alien planet-surface lunar crater exoplanet",
    "space": "space galaxy nebula cosmos cosmic universe orbit planet saturn jupiter comet asteroid "
    "interstellar constellation",
    "meadow": "meadow field grass garden park countryside prairie farm pasture spring lawn vineyard lavender",
    "arctic": "arctic antarctica polar tundra iceberg ice frozen igloo",
    "abstract": "abstract geometry geometric shape pattern cubist bauhaus minimalist minimalism mandala "
    "fractal kaleidoscope "
    "texture wallpaper suprematism composition gradient logo icon",
    "still": "still-life table kitchen studio product indoor room interior cafe desk bottle food",
}
TIMES = {
    "dawn": "dawn sunrise daybreak morning",
    "day": "day noon midday afternoon sunny daylight summer bright",
    "sunset": "sunset golden evening autumn fall sundown",
    "dusk": "dusk twilight gloaming",
    "night": "night midnight nighttime nocturnal moonlit starry starlit moonlight dark-sky",
}
WEATHER = {
    "rain": "rain rainy drizzle downpour monsoon wet",
    "snow": "snow snowy winter blizzard snowfall snowstorm christmas snowflake",
    "storm": "storm stormy thunder thunderstorm lightning tempest hurricane raging",
    "fog": "fog foggy mist misty haze hazy smoke smog ethereal dreamy",
    "clouds": "cloud cloudy overcast cumulus",
}
EXTRAS = {
    "moon": "moon crescent moonlit moonlight",
    "sun": "sun sunny sunlight sunshine sunset sunrise",
    "stars": "star starry starlit milky galaxy constellation meteor",
    "aurora": "aurora borealis",
    "lake": "lake pond river stream reflection creek waterfall",
    "rainbow": "rainbow",
    "lightning": "lightning thunder thunderstorm",
    "flock": "flock birds gulls seagulls geese crows",
    "neon": "neon cyberpunk synthwave vaporwave glowing",
    "beach": "beach shore sand island tropical",
    "planet": "planet saturn jupiter rings moons",
    "flowers": "flower wildflower tulips poppies lavender garden bloom blooming floral",
    "volcano": "volcano lava eruption",
    "fire": "campfire fire bonfire",
    "petals": "sakura blossom cherry petal",
    "geometry": "geometry geometric shape bauhaus cubist triangle circle square suprematism",
    "storybook": "enchanted magical magic fairy fantasy firefly fireflies mystical",
}
STYLES = {
    "photorealistic": "photorealistic photo photograph photography realistic photoreal dslr",
    "illustration": "illustration illustrated vector flat storybook",
    "anime": "anime manga ghibli",
    "3d": "3d render rendered blender clay isometric papercut claymation",
    "pixel-art": "pixel pixel-art pixelart 8-bit 16-bit retro-game",
    "watercolor": "watercolor watercolour aquarelle gouache painting painted",
    "line-art": "line-art lineart sketch drawing ink pencil doodle outline engraving",
    "cinematic": "cinematic movie film noir epic dramatic",
}
MOODS = {
    "pastel": "pastel soft gentle delicate kawaii cute sweet",
    "dark": "dark gloomy gothic eerie spooky haunted horror sinister moody shadow",
    "vivid": "vivid vibrant colorful colourful saturated psychedelic neon bright",
    "vintage": "vintage retro sepia antique nostalgic old faded",
}
CLOSE = "portrait closeup close-up face headshot selfie head"
COLORS: dict[str, Color] = {
    "red": (214, 54, 48),
    "crimson": (184, 28, 52),
    "scarlet": (226, 48, 36),
    "orange": (242, 130, 38),
    "amber": (250, 176, 46),
    "yellow": (250, 212, 64),
    "gold": (228, 180, 66),
    "green": (72, 156, 82),
    "emerald": (28, 150, 104),
    "lime": (160, 210, 60),
    "olive": (128, 132, 58),
    "mint": (150, 220, 186),
    "teal": (26, 140, 146),
    "turquoise": (48, 192, 190),
    "cyan": (60, 206, 230),
    "blue": (52, 104, 206),
    "navy": (28, 44, 100),
    "azure": (66, 150, 230),
    "indigo": (74, 62, 168),
    "purple": (132, 72, 178),
    "violet": (146, 92, 214),
    "lavender": (184, 160, 224),
    "magenta": (218, 52, 150),
    "pink": (246, 142, 178),
    "brown": (128, 84, 56),
    "beige": (226, 206, 176),
    "white": (246, 244, 240),
    "silver": (190, 196, 206),
    "gray": (136, 140, 148),
    "grey": (136, 140, 148),
    "black": (44, 42, 52),
    "copper": (190, 108, 66),
    "ivory": (248, 240, 222),
    "maroon": (124, 32, 48),
    "rose": (232, 110, 140),
}
HOMES = {
    "forest": "fox wolf bear deer owl rabbit raccoon mushroom dragon mouse",
    "sea": "boat ship lighthouse whale penguin palm bird",
    "underwater": "fish",
    "space": "rocket astronaut",
    "desert": "cactus elephant lion",
    "city": "robot car train",
    "mountains": "castle plane balloon tent temple horse",
    "still": "cup vase fruit cake book lantern crystal",
    "meadow": "cat dog tiger panda house windmill tree flower butterfly",
}
# Words that name a thing and its colour at once.
OWN_COLORS: dict[str, Color] = {
    "sakura": (250, 176, 200),
    "blossom": (250, 176, 200),
    "cherry": (250, 176, 200),
    "maple": (226, 92, 44),
    "sunflower": (252, 200, 50),
    "daisy": (252, 250, 244),
    "rose": (214, 40, 72),
    "poppy": (226, 60, 44),
    "lily": (250, 240, 236),
    "lotus": (250, 190, 214),
    "panther": (52, 48, 60),
    "crow": (44, 44, 56),
    "raven": (40, 40, 54),
    "eagle": (120, 84, 60),
    "unicorn": (248, 244, 252),
    "ghost": (236, 238, 246),
    "emerald-stone": (28, 150, 104),
    "ruby": (214, 34, 72),
    "lemon": (250, 222, 80),
    "shark": (120, 136, 152),
}
SUBJECTS_MAX = 3


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing to draw, in the colour that stood before its word."""

    name: str
    color: Color | None = None


@dataclass(frozen=True, slots=True)
class Theme:
    """What a prompt asks for, as far as it was understood; `entropy` stands for every word."""

    setting: str
    time: str
    style: str
    mood: str | None
    weather: frozenset[str]
    extras: frozenset[str]
    subjects: tuple[Subject, ...]
    colors: tuple[Color, ...]
    is_close: bool
    entropy: int


def _index(groups: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, words in groups.items():
        for word in words.split():
            found.setdefault(word, name)
    return found


def _pairs(groups: dict[str, str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, words in groups.items():
        for word in words.split():
            found.setdefault(word, set()).add(name)
    return {word: frozenset(names) for word, names in found.items()}


_SUBJECT_OF, _SETTING_OF, _TIME_OF = _index(SUBJECTS), _index(SETTINGS), _index(TIMES)
_STYLE_OF, _MOOD_OF, _HOME_OF = _index(STYLES), _index(MOODS), _index(HOMES)
_WEATHER_OF, _EXTRAS_OF = _pairs(WEATHER), _pairs(EXTRAS)
_KNOWN = {*_SUBJECT_OF, *_SETTING_OF, *_TIME_OF, *_STYLE_OF, *_MOOD_OF, *_WEATHER_OF, *_EXTRAS_OF, *COLORS}
_JOINED = (
    ("pixel art", "pixel-art"),
    ("line art", "line-art"),
    ("still life", "still-life"),
    ("8 bit", "8-bit"),
    ("3 d", "3d"),
    ("close up", "close-up"),
    ("golden hour", "sunset"),
    ("water color", "watercolor"),
    ("milky way", "milky stars"),
    ("northern lights", "aurora"),
    ("new york", "york"),
    ("cherry blossom", "sakura"),
    ("hot air balloon", "balloon"),
    ("polar bear", "white bear arctic"),
)


def read(prompt: str, *, negative_prompt: str = "") -> Theme:
    """Return the theme of a prompt; words of the negative prompt count for nothing."""
    unwanted = set(_words(negative_prompt))
    words = [word for word in _words(prompt) if word not in unwanted]
    entropy = zlib.crc32(" ".join(words).encode())
    subjects = _subjects(words)
    taken = {subject.color for subject in subjects}
    colors = tuple(
        dict.fromkeys(COLORS[word] for word in words if word in COLORS and COLORS[word] not in taken)
    )
    extras = frozenset().union(*(_EXTRAS_OF.get(word, frozenset()) for word in words))
    weather = frozenset().union(*(_WEATHER_OF.get(word, frozenset()) for word in words))
    setting = _setting(words, subjects, entropy=entropy)
    time = next((_TIME_OF[word] for word in words if word in _TIME_OF), None)
    if time is None:
        is_dark = extras & {"stars", "moon", "aurora", "neon"} or any(s.name == "owl" for s in subjects)
        time = "night" if is_dark else ("day", "sunset", "dawn", "day", "dusk")[entropy % 5]
        if weather & {"snow", "storm", "rain"} and time != "night":
            time = "dusk" if "storm" in weather else "day"
    return Theme(
        setting=setting,
        time=time,
        style=next((_STYLE_OF[word] for word in words if word in _STYLE_OF), "illustration"),
        mood=next((_MOOD_OF[word] for word in words if word in _MOOD_OF), None),
        weather=weather,
        extras=extras,
        subjects=subjects,
        colors=colors,
        is_close=any(word in CLOSE.split() for word in words),
        entropy=entropy,
    )


def _words(text: str) -> list[str]:
    text = text.lower()
    for spoken, joined in _JOINED:
        text = text.replace(spoken, joined)
    return [_singular(word) for word in re.findall(r"[^\W_]+(?:-[^\W_]+)*", text)]


def _singular(word: str) -> str:
    if word in _KNOWN:
        return word
    for ending, instead in (("ies", "y"), ("ves", "f"), ("es", ""), ("s", "")):
        if word.endswith(ending) and word[: -len(ending)] + instead in _KNOWN:
            return word[: -len(ending)] + instead
    if "-" in word:
        return next((part for part in word.split("-") if part in _KNOWN), word)
    return word


def _subjects(words: list[str]) -> tuple[Subject, ...]:
    found: dict[str, Subject] = {}
    for place, word in enumerate(words):
        name = _SUBJECT_OF.get(word)
        if name is None or name in found or (name == "flower" and word in COLORS):
            continue
        before = words[max(place - 2, 0) : place]
        color = next((COLORS[near] for near in reversed(before) if near in COLORS), OWN_COLORS.get(word))
        found[name] = Subject(name, color)
    if len(found) > 1:
        found.pop("flower", None)  # Beside something else, flowers are what grows around it.
    return tuple(found.values())[:SUBJECTS_MAX]


def _setting(words: list[str], subjects: tuple[Subject, ...], *, entropy: int) -> str:
    named = [_SETTING_OF[word] for word in words if word in _SETTING_OF]
    if "abstract" in named:
        return "abstract"
    if named:
        return "still" if set(named) == {"still"} else next(name for name in named if name != "still")
    home = next((_HOME_OF[subject.name] for subject in subjects if subject.name in _HOME_OF), None)
    if home is not None:
        return home
    understood = any(word in _KNOWN and word not in COLORS for word in words)
    choices = (
        ("mountains", "sea", "meadow", "forest")
        if understood
        else ("abstract", "mountains", "sea", "meadow", "desert", "space", "abstract", "forest")
    )
    return choices[entropy % len(choices)]

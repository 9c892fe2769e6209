"""What makes a site the bureau's: its name, mark, contact, colour and closing line, from ``site.toml``."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, field_validator

from qb.errors import QbError, why
from qb.language import Message, listing
from qb.tomlfile import Entry, read_toml

NAME = "site.toml"
MOST_BYTES = 20_000  # of a mark: it stands on every page
LEAST_CONTRAST = 4.5  # WCAG 1.4.3: letters against their ground
PICTURES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


class _File(Entry):
    """The keys of ``site.toml``."""

    office: str = ""
    logo: str = ""
    contact: str = ""
    next_date: str = ""
    licence: str = ""
    colour: str = Field("", pattern=r"^(#[0-9A-Fa-f]{6})?$")
    footer: str = ""

    @field_validator("colour")
    @classmethod
    def _legible(cls, colour: str) -> str:
        if colour and contrast(colour) < LEAST_CONTRAST:
            raise ValueError(
                Message(
                    "颜色 {} 在白底上看不清（对比度不到 {:g} : 1），请换深一些的颜色",
                    "colour {} cannot be read on white (contrast below {:g} : 1); choose a darker one",
                    colour,
                    LEAST_CONTRAST,
                )
            )
        return colour


@dataclass(frozen=True)
class SiteSettings:
    """What a site says of who publishes it; empty where nothing was said."""

    # office, contact, next_date, licence, footer: who publishes; whom to ask; when the next edition is due; under
    # which terms the data may be used; a closing line.
    office: str = ""
    logo: str = ""  # the mark as an address that holds the picture itself
    contact: str = ""
    next_date: str = ""
    licence: str = ""
    colour: str = ""  # of links and marks on light pages, as ``#0b6e99``
    footer: str = ""


def settings_file(data: Path, given: str = "") -> str:
    """Return the file of a site's settings: the one given, else ``site.toml`` beside the tables; empty for none."""
    if given:
        return given
    beside = (data if data.is_dir() else data.parent) / NAME
    return str(beside) if beside.is_file() else ""


def load_settings(file: str) -> SiteSettings:
    """Read a file of settings; without one nothing is said.

    Raises
    ------
    QbError
        If it cannot be read, names an unknown key, a colour too pale for letters, or a mark that is no picture,
        is not there or is too large; the entry is named.
    """
    if not file:
        return SiteSettings()
    found = read_toml(Path(file), _File, Message("网站设置", "Settings of the site"), QbError)
    logo = _picture(Path(file).parent / found.logo, file) if found.logo else ""
    return SiteSettings(**{**found.model_dump(), "logo": logo})


def _picture(path: Path, file: str) -> str:
    kind = PICTURES.get(path.suffix.lower())
    if kind is None:
        raise QbError(
            "网站设置 {} 的 logo 须是 {} 文件，现为 {}。",
            "The logo of the settings {} must be a file {}; it is {}.",
            file,
            listing(PICTURES),
            path.name,
        )
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise QbError(
            "网站设置 {} 的 logo {} 无法读取：{}。",
            "The logo {1} of the settings {0} cannot be read: {2}.",
            file,
            path.name,
            why(error),
        ) from None
    if len(raw) > MOST_BYTES:
        raise QbError(
            "网站设置 {} 的 logo {} 有 {} 字节，每一页都要带上它，请缩小到 {} 字节以内。",
            "The logo {1} of the settings {0} has {2} bytes and stands on every page: make it {3} bytes at most.",
            file,
            path.name,
            len(raw),
            MOST_BYTES,
        )
    return f"data:{kind};base64,{base64.b64encode(raw).decode()}"


def contrast(colour: str) -> float:
    """Return the contrast of a colour with white (WCAG 2: relative luminance).

    >>> contrast("#000000"), contrast("#ffffff")
    (21.0, 1.0)
    >>> round(contrast("#777777"), 2)
    4.48
    """
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return round(1.05 / (luminance + 0.05), 4)

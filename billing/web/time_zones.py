"""Time zones as a person picks one: "Berlin, Germany", in their own language."""

from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global
from babel.dates import get_timezone_location

UTC = "UTC"


def options(locale: Locale, chosen: str) -> list[tuple[str, str]]:
    """Return each zone's name and how it reads, UTC first, the others by what is read.

    Args:
        locale: the language to write in.
        chosen: the zone that a person has: it stands among them under whatever name.
    """
    listed = _listed(str(locale))
    is_listed = chosen in {name for name, _label in listed}
    return [*listed] if is_listed else [*listed, (chosen, chosen)]


def is_zone(name: str) -> bool:
    """Return whether there is such a zone."""
    return name == UTC or name in available_timezones()


@cache
def _listed(locale_name: str) -> tuple[tuple[str, str], ...]:
    locale = Locale.parse(locale_name)
    territories = get_global("zone_territories")
    known = available_timezones()
    places = (
        (name, _place(name, code, locale)) for name, code in territories.items() if name in known
    )
    return ((UTC, UTC), *sorted(places, key=lambda place: place[1]))


def _place(name: str, territory: str, locale: Locale) -> str:
    city = get_timezone_location(name, locale=locale, return_city=True).rpartition("/")[2]
    country = locale.territories.get(territory, territory)
    return city if city == country else f"{city}, {country}"

"""Texts that services hand on and people read: translated in web/, for who reads them there."""

from collections.abc import Mapping
from typing import Self


class Message(str):
    """An English sentence that remembers how it was made, so that a page can translate it.

    The API and the logs take it for the text that it is. `./dev translate` finds each by this name.
    """

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, **values: object) -> Self:
        """Make the sentence: `Message("%(tier)s cannot be bought.", tier="Pro")`.

        Args:
            template: with named placeholders, and `%%` for a percent sign.
            values: what stands in their places; a page writes whole numbers in its own way.
        """
        message = super().__new__(cls, template % values)
        message.template, message.values = template, values
        return message


class Wording(str):
    """A text of the catalog that knows how it reads in other languages.

    The API and the logs take it for the text that it is.
    """

    in_other: Mapping[str, str]

    def __new__(cls, text: str, in_other: Mapping[str, str]) -> Self:
        """Make the text: `Wording("AI chat", {"de": "KI-Chat"})`.

        Args:
            text: as the catalog has it, for every language without one of its own.
            in_other: how it reads in other languages, by their code.
        """
        wording = super().__new__(cls, text)
        wording.in_other = in_other
        return wording

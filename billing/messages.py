"""Sentences that services make and people read: English here, in the reader's language in web/."""

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

"""What every body, query and answer of the API is made of."""

from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

from billing.domain.moments import rfc3339

MAX_REFERENCE_LENGTH = 200
MAX_KEY_LENGTH = 255

T = TypeVar("T")


def _printable(text: str) -> str:
    """Refuse control characters: PostgreSQL takes no NUL, and logs are lines."""
    if not text.isprintable():
        raise ValueError("must be printable characters")
    return text


Text = Annotated[str, AfterValidator(_printable)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
FeatureKey = Annotated[Text, Field(min_length=1, max_length=64)]
Key = Annotated[
    Text, Field(min_length=1, max_length=MAX_KEY_LENGTH, description="An idempotency key.")
]
Moment = Annotated[AwareDatetime, PlainSerializer(rfc3339, return_type=str)]
UserReference = Annotated[
    Annotated[Text, Field(min_length=1, max_length=MAX_REFERENCE_LENGTH)]
    | Annotated[int, Field(ge=1, le=2**53 - 1)],
    Field(description="Whom a service key acts for: the host's external_id, or Billhook's id."),
]


class Body(BaseModel):
    """What a caller sends: exact types, and nothing that nobody asked for."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class ForUser(Body):
    """A body that acts for a user; a user key has one already."""

    user: UserReference | None = None


class Query(BaseModel):
    """What follows the question mark: text, so numbers are read from it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class UserQuery(Query):
    """A query that asks about a user; a user key has one already."""

    user: Annotated[Text, Field(min_length=1, max_length=MAX_REFERENCE_LENGTH)] | None = Field(
        None, description="Whom a service key asks about: the host's external_id, or Billhook's id."
    )


class Document(BaseModel):
    """What the API answers."""

    model_config = ConfigDict(frozen=True)


class Listing(Document, Generic[T]):
    """All there is, or one page of it."""

    data: list[T]
    next_cursor: str | None = Field(None, description="Give it as `cursor` to get the next page.")

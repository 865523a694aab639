"""The host's users."""

from typing import Annotated

from pydantic import Field

from billing.blueprints.api.documents import UserDocument
from billing.errors import AccountInactive, EmailTaken, NoCatalog, UserNotFound
from billing.services import host_users, provisioning
from billing.web.api.call import Call
from billing.web.api.declaration import Repeat, Section, Who
from billing.web.api.documents import MAX_REFERENCE_LENGTH, Body, Text

section = Section("Users")


class NewUser(Body):
    """A user of the host product."""

    external_id: Annotated[Text, Field(min_length=1, max_length=MAX_REFERENCE_LENGTH)] = Field(
        description="The host's own id of the user, which never changes."
    )
    email: Annotated[Text, Field(min_length=3, max_length=254)]


@section.post(
    "/users",
    who=Who.SERVICE,
    status=201,
    also=(200,),
    repeat=Repeat.KEPT_ANSWER,
    raises=(EmailTaken, AccountInactive, NoCatalog),
)
def create_user(call: Call, body: NewUser) -> UserDocument:
    """Provision a user: the free tier and a token balance come with it.

    Idempotent by `external_id`: 201 makes the user, 200 returns the one that there is, unchanged.
    """
    user, is_new = host_users.provision(
        external_id=body.external_id, email=body.email, actor=call.access.actor
    )
    call.status = 201 if is_new else 200
    return UserDocument.of(user)


@section.get("/users/<user>", who=Who.SERVICE_FOR_USER, raises=(UserNotFound, AccountInactive))
def get_user(call: Call) -> UserDocument:
    """Return a user by the host's `external_id` or by Billhook's id."""
    user = call.load_user()
    provisioning.ensure(user)
    return UserDocument.of(user)

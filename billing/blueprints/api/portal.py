"""Portal links: the host sends its user to our account page without a second log-in."""

from billing.errors import AccountInactive, UserNotFound
from billing.services import portal_links
from billing.web import portal_token
from billing.web.api.call import Call
from billing.web.api.declaration import Repeat, Section, Who
from billing.web.api.documents import Body, Document, Moment

section = Section("Users")


class NoFields(Body):
    """Nothing needs to be said."""


class PortalLinkDocument(Document):
    """A one-time address; redirect the user to it at once, and keep it from logs."""

    url: str
    expires_at: Moment


@section.post(
    "/users/<user>/portal-link",
    who=Who.SERVICE_FOR_USER,
    status=201,
    repeat=Repeat.KNOWN_BY_SERVICE,
    raises=(UserNotFound, AccountInactive),
)
def create_portal_link(call: Call, body: NoFields) -> PortalLinkDocument:  # noqa: ARG001
    """Make a one-time address that logs the user in to the account page.

    It works once, for ten minutes. The same `Idempotency-Key` again returns the same address.
    """
    link = portal_links.create(
        call.user_id, actor=call.access.actor, idempotency_key=call.idempotency_key
    )
    call.is_replay = link.is_replay
    return PortalLinkDocument(url=portal_token.url_of(link.nonce), expires_at=link.expires_at)

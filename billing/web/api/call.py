"""What a view of the API gets to know of a call: whose key it is, and whom it is about."""

from dataclasses import dataclass

from billing.errors import InvalidInput
from billing.models import User
from billing.services import api_access
from billing.services.api_access import Access
from billing.services.identity import StandIn

REPLAYED = "Idempotent-Replayed"


@dataclass(slots=True)
class Call:
    """A call whose key was proved; the view may give the answer another status, or mark it."""

    access: Access
    idempotency_key: str | None = None
    status: int | None = None
    is_replay: bool = False

    @property
    def user_id(self) -> int:
        """Whom the call is about.

        Raises:
            InvalidInput: a service key named nobody.
        """
        if self.access.user_id is None:
            raise InvalidInput(
                "A service key names the user.", errors={"user": "A service key names the user."}
            )
        return self.access.user_id

    @property
    def user_reference(self) -> str:
        """The name by which the host knows the user: its own id, else ours."""
        return self.stand_in().name

    def load_user(self) -> User:
        """Return the user's row."""
        return api_access.load_user(self.access)

    def stand_in(self) -> StandIn:
        """Return who the user is and nothing more, without a query: for the hot path."""
        return StandIn(self.user_id, self.access.external_id)

"""Identity: which user is meant, without a query."""

from dataclasses import dataclass

from sqlalchemy.orm.attributes import instance_state

from billing.models import User

NAME = "external_id"


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who a user is, for whom the row itself is too much: an instance of it costs far more."""

    id: int
    external_id: str | None

    @property
    def name(self) -> str:
        """What the host calls the user: its own id, else ours."""
        return self.external_id or str(self.id)


AnyUser = User | StandIn


def id_of(user: AnyUser) -> int:
    """Return the user's id without a query, also where the instance is expired or a proxy.

    Args:
        user: a stored user.
    """
    if isinstance(user, StandIn):
        return user.id
    key = instance_state(user).key
    user_id: int = user.id if key is None else key[1][0]
    return user_id


def stand_in_for(user: AnyUser) -> StandIn:
    """Return who the user is.

    An instance that has expired since still knows; a query is needed only where it never did.

    Args:
        user: a stored user.
    """
    if isinstance(user, StandIn):
        return user
    state, known = instance_state(user), user.__dict__
    if NAME not in known:
        known = state.info if NAME in state.info else {NAME: user.external_id}
    external_id: str | None = state.info.setdefault(NAME, known[NAME])
    return StandIn(id_of(user), external_id)

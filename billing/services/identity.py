"""Identity: which user is meant, without a query."""

from dataclasses import dataclass

from sqlalchemy.orm.attributes import instance_state

from billing.models import User

NAME = "external_id"


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who a user is, for a caller that has not loaded the row: an instance of it costs far more."""

    id: int
    external_id: str | None


AnyUser = User | StandIn


def id_of(user: AnyUser) -> int:
    """Return the user's id without a query, also where the instance is expired or a proxy.

    Args:
        user: a stored user.
    """
    if isinstance(user, StandIn):
        return user.id
    identity = instance_state(user).identity
    user_id: int = user.id if identity is None else identity[0]
    return user_id


def name_of(user: AnyUser) -> str:
    """Return what the host calls the user: its own id, else ours.

    An instance that has expired since still knows; a query is needed only where it never did.

    Args:
        user: a stored user.
    """
    if isinstance(user, StandIn):
        return user.external_id or str(user.id)
    state = instance_state(user)
    known = state.dict if NAME in state.dict else state.info
    if NAME not in known:
        known = {NAME: user.external_id}
    name: str | None = state.info.setdefault(NAME, known[NAME])
    return name or str(id_of(user))

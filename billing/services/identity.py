"""Identity: which user an instance stands for."""

from sqlalchemy.orm.attributes import instance_state

from billing.models import User


def id_of(user: User) -> int:
    """Return the user's id without a query, also where the instance is expired or a proxy.

    Args:
        user: a stored user.
    """
    identity = instance_state(user).identity
    user_id: int = user.id if identity is None else identity[0]
    return user_id

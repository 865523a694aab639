"""Preferences: in which language and time zone a user reads."""

from billing.database import transaction
from billing.models import User
from billing.observability.timing import log_service_operation


@log_service_operation
def choose(user: User, *, locale: str, time_zone: str) -> None:
    """Keep how the user reads, on the pages and in e-mails.

    Args:
        user: whose pages.
        locale: a language that we have, such as `en`.
        time_zone: a name of the tz database, such as `Europe/Berlin`.
    """
    with transaction():
        user.locale, user.time_zone = locale, time_zone

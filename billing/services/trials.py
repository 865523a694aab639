"""Trials: one for each person, remembered past a closed account."""

from sqlalchemy import select

from billing import clock
from billing.database import db, insert_into, transaction
from billing.models import TrialUse
from billing.observability.timing import log_service_operation


def was_used(person_hash: str) -> bool:
    """Return whether the person has had a trial.

    Args:
        person_hash: from `domain.persons`.
    """
    used = select(TrialUse.id).where(TrialUse.person_hash == person_hash)
    return db.session.scalar(used) is not None


@log_service_operation
def remember(person_hash: str) -> None:
    """Note that the person has a trial; again changes nothing. Joins the open transaction.

    Args:
        person_hash: from `domain.persons`.
    """
    with transaction() as session:
        session.execute(
            insert_into(TrialUse)
            .values(person_hash=person_hash, created_at=clock.now())
            .on_conflict_do_nothing(index_elements=["person_hash"])
        )

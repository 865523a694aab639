"""Subscription schedules at work: a phase begins, the last one ends, someone lets go of them."""

from billing.sandbox import changing, ending, phases, updating
from billing.sandbox.contract import Json
from billing.sandbox.subscribing import UPDATED
from billing.sandbox.timers import timer
from billing.sandbox.unit import Unit

CHANGED = "subscription_schedule.updated"


def watch(unit: Unit, schedule: Json) -> None:
    """Act when the running phase ends."""
    if schedule["current_phase"]:
        unit.schedule("end_phase", schedule["id"], schedule["current_phase"]["end_date"])


def enter(unit: Unit, schedule: Json) -> Json:
    """Note the phase that has begun; after the last one the schedule lets go."""
    phase = phases.current(schedule["phases"], unit.now)
    if phase is None:
        return finish(unit, schedule)
    running = {"end_date": phase["end_date"], "start_date": phase["start_date"]}
    schedule = unit.change(schedule, {"current_phase": running}, CHANGED)
    watch(unit, schedule)
    return schedule


def finish(unit: Unit, schedule: Json) -> Json:
    """What `end_behavior` says: let the subscription go on, or end it."""
    if schedule["end_behavior"] != "cancel":
        return release(unit, schedule)
    changes = {"completed_at": unit.now, "current_phase": None, "status": "completed"}
    schedule = unit.change(schedule, changes)
    unit.emit("subscription_schedule.completed", schedule)
    subscription = unit.get("subscription", schedule["subscription"])
    ending.end(unit, subscription, subscription["cancellation_details"])
    return schedule


def release(unit: Unit, schedule: Json) -> Json:
    """Let the subscription go on as it is, without the schedule."""
    subscription_id = schedule["subscription"]
    changes = {
        "current_phase": None,
        "released_at": unit.now,
        "released_subscription": subscription_id,
        "status": "released",
        "subscription": None,
    }
    schedule = unit.change(schedule, changes)
    unit.emit("subscription_schedule.released", schedule)
    unit.change(unit.get("subscription", subscription_id), {"schedule": None}, UPDATED)
    return schedule


def apply_current(unit: Unit, schedule: Json, proration_behavior: str | None = None) -> None:
    """Give the subscription the items of the phase that runs, if they are others."""
    phase = phases.current(schedule["phases"], unit.now)
    subscription = unit.get("subscription", schedule["subscription"])
    if phase is None or not _differs(subscription, phase):
        return
    behavior = proration_behavior or phase["proration_behavior"]
    params = {"items": phases.wanted_items(subscription, phase), "proration_behavior": behavior}
    change = changing.plan(unit, subscription, params)
    updating.apply(unit, subscription, change, "allow_incomplete")


def follow_update(unit: Unit, subscription: Json) -> None:
    """A direct change of the items changes the running phase too."""
    schedule = unit.objects.find(subscription["schedule"] or "")
    phase = schedule and phases.current(schedule["phases"], unit.now)
    if not schedule or not phase or not _differs(subscription, phase):
        return
    items = phases.of_subscription(subscription)["items"]
    changed = [each | {"items": items} if each is phase else each for each in schedule["phases"]]
    unit.change(schedule, {"phases": changed}, CHANGED)


def _differs(subscription: Json, phase: Json) -> bool:
    own = [(i["price"]["id"], i["quantity"]) for i in subscription["items"]["data"]]
    return own != [(item["price"], item["quantity"]) for item in phase["items"]]


@timer("end_phase")
def _end_phase(unit: Unit, schedule_id: str) -> None:
    """In the middle of a period; at its end the renewal has come first."""
    schedule = unit.get("subscription_schedule", schedule_id)
    running = schedule["current_phase"]
    if schedule["status"] == "active" and running and running["end_date"] <= unit.now:
        apply_current(unit, schedule)
        enter(unit, unit.get("subscription_schedule", schedule_id))

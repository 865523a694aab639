"""What happens by itself when its time comes: sessions expire, late payments settle."""

from collections.abc import Callable

from billing.sandbox.unit import Unit

Action = Callable[[Unit, str], None]

ACTIONS: dict[str, Action] = {}


def timer(name: str) -> Callable[[Action], Action]:
    """Register what `unit.schedule(name, …)` runs."""

    def register(action: Action) -> Action:
        ACTIONS[name] = action
        return action

    return register

"""The fault suite, `./dev faults`: what breaks around Billhook, and that nothing is lost by it."""

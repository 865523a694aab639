"""The admin's desk: for admins only, one module a noun; importing this room adds their routes."""

from billing.blueprints.admin import desk, overview, users
from billing.blueprints.admin.blueprint import bp

__all__ = ["bp", "desk", "overview", "users"]

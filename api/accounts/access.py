"""Access rule of accounts: a viewer may follow only their own account."""

from uuid import UUID

from sqlalchemy import Select, select

from api.accounts.models import User
from api.streaming.access import access_rule


@access_rule(User)
def visible_viewer(viewer: UUID) -> Select[User]:
    """The viewer's own account. `sync` follows it as the schema's Viewer."""
    return select(User).where(User.id == viewer)

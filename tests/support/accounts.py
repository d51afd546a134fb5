"""Users with a password, who sign up, sign in again and run programs with API tokens."""

from tests.support.people import Person
from tests.support.server import Running

PASSWORD = "a long and winding road"
NEW_PASSWORD = "another long and winding road"


async def account(server: Running, name: str = "Ann") -> Person:
    """A user who signed up with a password."""
    email = f"{name.lower()}@example.com"
    signed = await server.stranger().mutate("signUp", name=name, email=email, password=PASSWORD)
    viewer = signed["viewer"]["id"]
    return Person(server.port, signed["token"], email, viewer, viewer)


async def again(server: Running, ann: Person) -> Person:
    """The same user in another session, perhaps on another server."""
    signed = await server.stranger().mutate("signIn", email=ann.email, password=PASSWORD)
    return Person(server.port, signed["token"], ann.email, ann.user_id, ann.viewer_id)


async def program(server: Running, ann: Person) -> Person:
    """A program of the user, with an API token."""
    made = await ann.mutate("createApiToken", name="A program")
    return Person(server.port, made["token"], ann.email, ann.user_id, ann.viewer_id)

"""Every state of the page, and how one gets there: to be looked at by axe, and by people."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import expect

from tests.e2e.author import Author, Dictation
from tests.e2e.site import Site
from tests.e2e.visitor import Visitor
from tests.support.links import link
from tests.support.people import Person

QUESTION = "Why are there two high tides a day, and not one?"

FIRST = """\
The Moon pulls on all of the Earth, but **not equally**: the near side feels more of it than the centre, and the \
centre more than the far side. What matters is the *difference*.

## Two bulges

1. On the near side the water is pulled away from the Earth.
2. On the far side the Earth is pulled away from the water.

So the sea stands high on both sides at once, and a place passes through both while the Earth turns:

| Tide | The Moon stands | After |
| --- | --- | ---: |
| High | overhead | 0 h |
| Low | at the horizon | 6 h 13 min |
| High | beneath your feet | 12 h 25 min |

"""

REST = """\
The force falls with the *cube* of the distance, which is why the Moon wins over the much heavier Sun:

```python
def tidal_force(mass: float, distance: float) -> float:
    \"\"\"Relative to the Moon's on the Earth.\"\"\"
    return (mass / 7.35e22) / (distance / 3.84e8) ** 3

tidal_force(1.99e30, 1.496e11)  # the Sun: 0.46
```

When both pull along one line, at new and at full moon, their tides add up: a **spring tide**.
"""

OTHER_CHATS = ["A weekend in Lisbon", "Names for a sailing boat", "Rain, a haiku", "Sourdough that will not rise"]


@dataclass(frozen=True)
class Scene:
    """Who and what is there before anybody looks."""

    site: Site
    model: Author
    ann: Person
    bob: Person

    async def chat(self) -> str:
        """A chat of Ann's, among others."""
        for title in reversed(OTHER_CHATS):
            await self.ann.create_chat(title)
        return await self.ann.create_chat("Two high tides a day")


async def scene(site: Site, model: Author) -> Scene:
    ann, bob = await site.people("Ann", "Bob")
    return Scene(site, model, ann, bob)


async def sign_in(page: Visitor, scene: Scene) -> None:
    await page.opens()
    await expect(page.page.get_by_role("heading", name="Welcome back")).to_be_visible()


async def sign_up(page: Visitor, scene: Scene) -> None:
    await page.opens()
    await page.button("Create an account").click()
    await expect(page.page.get_by_label("Name")).to_be_visible()


async def start(page: Visitor, scene: Scene) -> None:
    await scene.chat()
    await page.opens()
    await expect(page.page.get_by_role("heading", name="Ann")).to_be_visible()
    await expect(page.page.locator("[data-chat-id]")).to_have_count(1 + len(OTHER_CHATS))


async def unread(page: Visitor, scene: Scene) -> None:
    await start(page, scene)
    bobs = await scene.bob.create_chat("A harbour for the summer")
    await scene.bob.add(bobs, scene.ann)
    await scene.bob.send(bobs, "Ann, do you know this one?", reply=False)
    await expect(page.page.locator("[data-unread]")).to_be_visible()


async def searching(page: Visitor, scene: Scene) -> None:
    await start(page, scene)
    await page.page.get_by_role("searchbox").fill("sail")
    await expect(page.page.get_by_role("link", name="Names for a sailing boat")).to_be_visible()
    await expect(page.page.get_by_role("link", name=OTHER_CHATS[0])).to_have_count(0)


async def found(page: Visitor, scene: Scene) -> None:
    chat = await scene.chat()
    await scene.site.written(scene.ann, chat, QUESTION)
    await page.opens(chat)
    await page.button("Search messages").click()
    await page.page.get_by_role("combobox", name="Words to find").fill("high tide")
    await expect(page.page.get_by_role("option")).to_have_count(1)


async def empty(page: Visitor, scene: Scene) -> None:
    await page.opens(await scene.chat())
    await expect(page.page.get_by_text("Nothing here yet")).to_be_visible()


async def waiting(page: Visitor, scene: Scene) -> None:
    await _asked(page, scene)
    await expect(page.reply).to_have_attribute("aria-busy", "true")


async def thinking(page: Visitor, scene: Scene) -> None:
    reply = await _asked(page, scene)
    reply.think("Two bulges: one faces the Moon, and the other faces away from it. Why the second one?")
    await page.reply.get_by_text("Thinking…").click()
    await page.sees("Why the second one?")


async def streaming(page: Visitor, scene: Scene) -> None:
    await _half_written(page, scene)


async def finished(page: Visitor, scene: Scene) -> None:
    reply = await _half_written(page, scene)
    reply.say(REST)
    reply.finish()
    await page.sees_it_end()
    await expect(page.page.locator("pre .lines span").first).to_be_attached()


async def stopped(page: Visitor, scene: Scene) -> None:
    await _half_written(page, scene)
    await page.button("Stop").click()
    await page.sees_it_end("STOPPED")


async def failed(page: Visitor, scene: Scene) -> None:
    reply = await _half_written(page, scene)
    reply.fail()
    await page.sees_it_end("FAILED")


async def offline(page: Visitor, scene: Scene) -> None:
    await _half_written(page, scene)
    await page.page.context.set_offline(True)
    await expect(page.note).to_have_text("You are offline")


async def unsent(page: Visitor, scene: Scene) -> None:
    await empty(page, scene)
    await page.page.context.set_offline(True)
    await page.writes(QUESTION)
    await expect(page.page.locator("article[data-status=WAITING]")).to_be_visible()


async def shared(page: Visitor, scene: Scene) -> None:
    chat = await scene.chat()
    await scene.ann.add(chat, scene.bob)
    await scene.site.written(scene.bob, chat, "Ann, do you know this one?")
    await page.opens(chat)
    await page.page.get_by_role("button", name="Share").click()
    await expect(page.page.get_by_role("dialog")).to_be_visible()


async def settings(page: Visitor, scene: Scene) -> None:
    await page.opens()
    await page.button("Settings").click()
    dialog = page.page.get_by_role("dialog")
    await dialog.get_by_label("Name of a new token").fill("My agent")
    await dialog.get_by_role("button", name="Create").click()
    await expect(dialog.get_by_text("Copy the token now.")).to_be_visible()
    await dialog.get_by_role("button", name="Delete my account…").click()


async def editing(page: Visitor, scene: Scene) -> None:
    await finished(page, scene)
    await page.messages.first.hover()
    await page.button("Edit message").click()


async def menu(page: Visitor, scene: Scene) -> None:
    await finished(page, scene)
    await page.button("Chat menu").click()
    await expect(page.button("Export as JSON")).to_be_visible()


async def how_it_works(page: Visitor, scene: Scene) -> None:
    await start(page, scene)
    await page.page.get_by_role("main").get_by_role("button", name="How this works").click()
    panel = page.page.get_by_role("complementary", name="How this works")
    await page.writes(QUESTION)
    reply = await scene.model.asked()
    reply.say(FIRST)
    await page.sees("12 h 25 min")
    await expect(panel.get_by_text("fetched after the event").first).to_be_visible()


async def linked(page: Visitor, scene: Scene) -> None:
    chat = await scene.chat()
    await page.opens(chat)
    await page.button("Share").click()
    await page.page.get_by_role("button", name="Create link").click()
    await expect(page.page.get_by_text("Copy the link now.")).to_be_visible()


async def guest(page: Visitor, scene: Scene) -> None:
    chat = await scene.chat()
    await scene.ann.send(chat, QUESTION, reply=False)
    _, token = await link(scene.ann, chat)
    await page.at_link(token)
    await expect(page.page.get_by_text("Shared by Ann")).to_be_visible()


async def link_ended(page: Visitor, scene: Scene) -> None:
    await page.at_link("twotrackread_unknown")
    await expect(page.page.get_by_role("heading", name="This link no longer works")).to_be_visible()


async def invited(page: Visitor, scene: Scene) -> None:
    _, token = await link(scene.ann, await scene.chat(), "PARTICIPANT")
    await page.at_link(token)
    await expect(page.page.get_by_text("You are invited to a chat")).to_be_visible()


async def gone(page: Visitor, scene: Scene) -> None:
    await page.opens(await scene.bob.create_chat("Not Ann's"))
    await expect(page.page.get_by_role("heading", name="Chat not found")).to_be_visible()


async def not_found(page: Visitor, scene: Scene) -> None:
    await page.page.goto(f"{scene.site.url}/no/such/page")
    await expect(page.page.get_by_role("heading", name="Page not found")).to_be_visible()


async def _asked(page: Visitor, scene: Scene) -> Dictation:
    await page.opens(await scene.chat())
    await page.writes(QUESTION)
    return await scene.model.asked()


async def _half_written(page: Visitor, scene: Scene) -> Dictation:
    reply = await _asked(page, scene)
    reply.say(FIRST)
    await page.sees("12 h 25 min")
    return reply


State = Callable[[Visitor, Scene], Awaitable[None]]

SIGNED_OUT: tuple[State, ...] = (sign_in, sign_up, guest, link_ended, invited, not_found)

SIGNED_IN: tuple[State, ...] = (
    start, unread, searching, found, empty, waiting, thinking, streaming, finished, stopped, failed, offline, unsent,
    shared, settings, editing, menu, how_it_works, linked, gone,
)  # fmt: skip

"""`make rendering`: what the page costs its reader's machine, were that four times slower than this one.

A reply of 15 kB grows to 25 kB, three times a second, in Chromium with its CPU throttled. Counted is the main thread's
CPU time from one update's arrival to the next one's, whatever it is spent on: parsing, rendering, layout, painting,
garbage; and the longest task in it. Both are taken from a trace, and are CPU time and not a clock's, as other programs
run here too. Where many do, the figures rise all the same: throttling goes by the clock.

A chat is opened that nobody has opened before: counted is how long it takes until its messages are painted.

And a reply is written at the pace of a fast model, to see how smoothly it grows: `tools/flowing.py`.
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from statistics import median, quantiles
from typing import Any

from playwright.async_api import Browser

from api.replies.prose import markdown
from tests.e2e.author import Author
from tests.e2e.site import Site, build_pages, running
from tests.e2e.visitor import visiting
from tests.support.browser import launched
from tools.flowing import flow

SLOWER = 4
"""Times that the CPU is slower than this one: what phones of some years ago are."""

BEGUN_CHARS, GROWN_CHARS = 15_000, 25_000

UPDATES = 100

OPENINGS = 5

CADENCE_SECONDS = 1 / 3

REST_SECONDS = 3
"""Six blinks of a caret."""

TRACED = ["toplevel", "devtools.timeline"]

TASK = "ThreadControllerImpl::RunTask"


def prose() -> str:
    return _repeated(
        lambda number: (
            f"The Moon pulls on all of the Earth, but **not equally**: the near side feels more of it than the centre, "
            f"and the centre more than the far side. What matters is the *difference*, and `{number}` is its number. "
            "Where the sea is deep and wide enough to follow, it stands high on both sides at once, and a place "
            f"passes through [both bulges](https://example.com/{number}) while the Earth turns beneath them.\n\n"
        )
    )


def one_list() -> str:
    return _repeated(lambda number: f"- Tide **{number}** comes *after* the last one, by `{number * 12} h 25 min`\n")


def one_table() -> str:
    head = "| Tide | The Moon stands | After | Height |\n| --- | --- | ---: | ---: |\n"
    return head + _repeated(
        lambda number: f"| High {number} | beneath your feet | {number * 12} h 25 min | **3.{number} m** |\n"
    )


def one_code_block() -> str:
    return "```python\n" + _repeated(
        lambda number: (
            f"def tide_{number}(mass: float, distance: float) -> float:\n"
            f'    """Relative to the Moon\'s on the Earth."""\n'
            f"    return (mass / 7.35e22) / (distance / 3.84e8) ** 3 + {number}\n\n\n"
        )
    )


def mixed() -> str:
    return "".join(markdown("How do tides work?", GROWN_CHARS))


KINDS: tuple[Callable[[], str], ...] = (prose, one_list, one_table, one_code_block, mixed)


def _repeated(piece: Callable[[int], str]) -> str:
    text = ""
    for number in count(1):
        if len(text) >= GROWN_CHARS:
            return text[:GROWN_CHARS]
        text += piece(number)
    raise AssertionError


@dataclass(frozen=True)
class Cost:
    """Of one kind of text: milliseconds of the main thread for each update."""

    kind: str
    updates: list[float]
    tasks: list[float]
    """The longest task of each update: for so long the page answers nobody. Browsers call 50 ms long."""
    at_rest: float
    """What as long a time costs in which nothing arrives: the caret blinks."""

    def __str__(self) -> str:
        columns = (
            *(median(self.updates), slowest(self.updates), max(self.updates)),
            *(median(self.tasks), slowest(self.tasks), self.at_rest),
        )
        return f"{self.kind:16} {len(self.updates):7} " + " ".join(f"{column:9.1f}" for column in columns)


def slowest(values: Sequence[float]) -> float:
    """The 99th percentile."""
    return quantiles(values, n=100, method="inclusive")[98]


async def grow(browser: Browser, site: Site, model: Author, kind: Callable[[], str], slower: float) -> Cost:
    text = kind()
    (ann,) = await site.people("Ann")
    async with visiting(browser, site.url, ann) as page:
        await page.opens(await ann.create_chat("Tides"))
        await page.writes("How do tides work?")
        reply = await model.asked()
        devtools = await page.page.context.new_cdp_session(page.page)
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        reply.say(text[:BEGUN_CHARS])
        await page.page.wait_for_function(
            "length => document.querySelector('article.reply .markdown')?.textContent.length > length",
            arg=BEGUN_CHARS // 2,
        )
        await asyncio.sleep(2)
        await browser.start_tracing(page=page.page, categories=TRACED)
        await asyncio.sleep(REST_SECONDS)
        step = (GROWN_CHARS - BEGUN_CHARS) // UPDATES
        for at in range(BEGUN_CHARS, GROWN_CHARS, step):
            reply.say(text[at : at + step])
            await asyncio.sleep(CADENCE_SECONDS)
        reply.finish()
        await asyncio.sleep(1)  # and not `sees_it_end`, whose questions would be counted
        trace = await browser.stop_tracing()
        await page.sees_it_end()
    return Cost(kind.__name__.replace("_", " "), *costs(json.loads(trace)["traceEvents"]))


async def first_message(browser: Browser, site: Site, slower: float) -> float:
    """Milliseconds until a chat's messages are painted, in a browser that has never been here."""
    (ann,) = await site.people("Ann")
    chat = await ann.create_chat("Tides")
    await site.written(ann, chat, *(f"Message {number} about the tides." for number in range(30)))
    async with visiting(browser, site.url, ann) as page:
        await page.page.add_init_script(NOTE_FIRST_MESSAGE)
        devtools = await page.page.context.new_cdp_session(page.page)
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        await page.opens(chat)
        painted: float = await page.page.evaluate("firstMessage")
    return painted


NOTE_FIRST_MESSAGE = """
window.firstMessage = new Promise(resolve => {
  new PerformanceObserver(list => resolve(list.getEntries()[0].startTime)).observe({ type: "element", buffered: true });
  new MutationObserver((_, looking) => {
    const newest = [...document.querySelectorAll("article[data-message-id] p")].at(-1);
    if (newest === undefined) return;
    looking.disconnect();
    newest.setAttribute("elementtiming", "first message");
  }).observe(document, { subtree: true, childList: true });
});
"""
"""A promise of when it was painted, as the browser says itself, in milliseconds since the page was asked for."""


def costs(trace: list[dict[str, Any]]) -> tuple[list[float], list[float], float]:
    """Milliseconds of the main thread from each update to the next, those of the longest task in it, and those of a
    cadence at rest before the first."""
    # Nearly all that arrives is updates. Their lengths do not tell: Chromium gives that of the last piece it has read.
    updates = [e for e in trace if e["name"] == "WebSocketReceive"]
    ((process, thread),) = {(event["pid"], event["tid"]) for event in updates}
    tasks = [e for e in trace if e["name"] == TASK and (e["pid"], e["tid"]) == (process, thread)]
    # An update arrives within a task, which is its first.
    arrivals = sorted(event["ts"] for event in updates)
    begins = [max(task["ts"] for task in tasks if task["ts"] <= arrival) for arrival in arrivals]
    ends = [*begins[1:], float("inf")]
    at_rest = sum(_milliseconds(tasks, begins[0] - REST_SECONDS * 1_000_000, begins[0]))
    spent = [_milliseconds(tasks, begin, end) for begin, end in zip(begins, ends, strict=True)]
    return [sum(each) for each in spent], [max(each) for each in spent], at_rest * CADENCE_SECONDS / REST_SECONDS


def _milliseconds(tasks: list[dict[str, Any]], begin: float, end: float) -> list[float]:
    return [task.get("tdur", 0) / 1000 for task in tasks if begin <= task["ts"] < end]


def table(costs: Iterable[Cost]) -> str:
    return "\n".join(
        [
            f"{'ms per update':16} {'updates':>7} {'median':>9} {'p99':>9} {'longest':>9}"
            f" {'task':>9} {'task p99':>9} {'at rest':>9}",
            *map(str, costs),
        ]
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    everything = [*(kind.__name__ for kind in KINDS), "openings", "flowing"]
    parser.add_argument("parts", nargs="*", default=everything, help=f"some of: {', '.join(everything)}")
    parser.add_argument("--slower", type=float, default=SLOWER, help="times; 1: as this machine is")
    asked = parser.parse_args()
    settings = {"model": "openai:dictated", "cadence_seconds": CADENCE_SECONDS * 0.9}
    async with Author() as model, launched() as browser, running(model.environment, **settings) as site:
        if kinds := [kind for kind in KINDS if kind.__name__ in asked.parts]:
            print(table([await grow(browser, site, model, kind, asked.slower) for kind in kinds]))
        if "openings" in asked.parts:
            openings = [await first_message(browser, site, asked.slower) for _ in range(OPENINGS)]
            print(f"first message visible after {median(openings):.0f} ms (median of {OPENINGS})")
        if "flowing" in asked.parts:
            print(await flow(browser, site, model, prose(), asked.slower))


if __name__ == "__main__":
    build_pages()
    asyncio.run(main())

"""How smoothly a reply grows on the page: in how many steps, how large they are, and how late.

A part of `make rendering`.
"""

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles
from time import monotonic

from playwright.async_api import Browser

from tests.e2e.author import Author
from tests.e2e.site import Site
from tests.e2e.visitor import visiting

TOKENS_PER_SECOND, TOKEN_CHARS = 58, 4.5

SECONDS = 15


@dataclass(frozen=True)
class Flow:
    """How a reply grew on the page. All times are the page's, in milliseconds."""

    steps: list[tuple[float, int, int]]
    """When the shown text changed; its characters, and its letters: Markdown's own signs are not shown."""
    frames: list[tuple[float, int]]
    """When a frame arrived, and the letters of its text."""

    def __str__(self) -> str:
        times = [time for time, _, _ in self.steps]
        lengths = [length for _, length, _ in self.steps]
        sizes = [after - before for before, after in pairwise(lengths) if after > before]
        cadence = median(after - before for (before, _), (after, _) in pairwise(self.frames))
        lags = [
            min(time for time, _, shown in self.steps if shown >= letters and time >= arrived) - arrived
            for arrived, letters in self.frames
        ]
        largest = quantiles(sizes, n=100)[98]
        return (
            f"{len(sizes) / (times[-1] - times[0]) * 1000:.1f} steps a second of {median(sizes):.0f} characters"
            f" (median; 99th percentile {largest:.0f}); a frame every {cadence:.0f} ms, shown to its end after"
            f" {median(lags):.0f} ms (median; slowest {max(lags):.0f})"
        )


async def flow(browser: Browser, site: Site, model: Author, text: str, slower: float) -> Flow:
    (ann,) = await site.people("Ann")
    async with visiting(browser, site.url, ann) as page:
        await page.page.add_init_script(NOTE_FLOW)
        await page.opens(await ann.create_chat("Tides"))
        await page.writes("How do tides work?")
        reply = await model.asked()
        devtools = await page.page.context.new_cdp_session(page.page)
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        begun = monotonic()
        for token in range(TOKENS_PER_SECOND * SECONDS):
            reply.say(text[int(token * TOKEN_CHARS) : int((token + 1) * TOKEN_CHARS)])
            await asyncio.sleep(max(0, begun + token / TOKENS_PER_SECOND - monotonic()))
        reply.finish()
        await page.sees_it_end()
        noted = await page.page.evaluate(COUNTED)
    return Flow([tuple(step) for step in noted["steps"]], [tuple(frame) for frame in noted["frames"]])


NOTE_FLOW = r"""
window.flow = { steps: [], frames: [] };
const letters = text => text.replace(/\P{L}|https\S+/gu, "").length;
window.WebSocket = class extends WebSocket {
  constructor(...address) {
    super(...address);
    this.addEventListener("message", ({ data }) => {
      const content = JSON.parse(data).payload?.data?.messageStream?.content;
      if (content) flow.frames.push([performance.now(), content]);
    });
  }
};
new MutationObserver(() => {
  const shown = document.querySelector("article.reply .markdown")?.textContent ?? "";
  if (shown !== "") flow.steps.push([performance.now(), shown.length, shown]);
}).observe(document, { subtree: true, childList: true, characterData: true });
"""


COUNTED = r"""() => {
  const letters = text => text.replace(/\]\(.*?(\)|$)/g, "").replace(/\P{L}/gu, "").length;
  return {
    steps: flow.steps.map(([time, length, text]) => [time, length, letters(text)]),
    frames: flow.frames.map(([time, text]) => [time, letters(text)]),
  };
}"""
"""Afterwards, so that counting does not cost the page time while the reply grows."""

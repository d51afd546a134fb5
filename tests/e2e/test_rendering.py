"""What a browser makes of a reply: typeset formulas, and the text of a page that the browser translates as it grows."""

from io import BytesIO

import pytest
from playwright.async_api import expect
from pypdf import PdfReader

from tests.e2e.author import Author
from tests.e2e.conftest import Arrive
from tests.support.browser import PHONE
from tests.support.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = " + ".join(f"a_{{{power}}} x^{{{power}}}" for power in range(40))

TRANSLATE = """() => {
    const KEPT = "font, script, style, textarea, [translate=no]";
    const translate = () => {
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const found = [];
        while (texts.nextNode()) found.push(texts.currentNode);
        for (const text of found) {
            if (!text.data.trim() || text.parentElement.closest(KEPT)) continue;
            const [outer, inner] = [document.createElement("font"), document.createElement("font")];
            inner.append(text.data);
            outer.append(inner);
            text.replaceWith(outer);
        }
    };
    new MutationObserver(translate).observe(document.body, { subtree: true, childList: true, characterData: true });
    translate();
}"""
"""Does what Chrome does when it translates a page, into the same language."""


async def test_formulas_are_loaded_when_a_reply_has_one_and_long_ones_scroll_alone(
    arrive: Arrive, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat, **PHONE)
    loaded: list[str] = []
    page.page.on("request", lambda request: loaded.append(request.url))
    await page.writes("How do tides work?")
    reply = await model.asked()
    reply.say("It costs $5 and $10.\n\nThe force is $F = ")
    await page.sees("The force is $F =")
    assert [url for url in loaded if "typeset" in url or "KaTeX" in url] == []
    reply.say(f"ma$, and $\\nonsense$.\n\n$$\n{LONG}\n$$\n\nThe end.")
    reply.finish()
    await page.sees_it_end()
    await expect(page.reply.locator("[data-typeset]")).to_have_count(2)
    assert [url for url in loaded if "typeset" in url and "KaTeX" not in url] != []
    assert await page.reply.locator(".katex-html").first.evaluate("e => getComputedStyle(e).fontFamily != ''")
    await expect(page.reply).to_contain_text("It costs $5 and $10.")
    await expect(page.reply).to_contain_text("$\\nonsense$")
    width = "element => element.scrollWidth - element.clientWidth"
    assert await page.reply.locator(".formula.display").evaluate(width) > 0
    assert await page.reply.evaluate("reply => reply.getBoundingClientRect().right <= innerWidth")
    sheets = PdfReader(BytesIO(await page.page.pdf(format="A4"))).pages
    assert "F = ma" in " ".join(sheets[0].extract_text().split())


async def test_a_reply_that_the_browser_translates_while_it_grows_says_everything_once(
    arrive: Arrive, model: Author, ann: Person, chat: str
) -> None:
    page = await arrive(ann, chat)
    await page.page.evaluate(TRANSLATE)
    await page.writes("How do tides work?")
    reply = await model.asked()
    sentences = [f"Sentence {number} says that the *Moon* pulls, and `so` does the Sun." for number in range(1, 13)]
    parts = [
        " ".join(sentences[:4]),
        "\n\n- " + "\n- ".join(sentences[4:7]),
        "\n\n> " + sentences[7] + "\n\n## " + sentences[8] + "\n\n",
        "| A | B |\n| --- | --- |\n" + "".join(f"| {sentence} | B |\n" for sentence in sentences[9:11]),
        "\n" + sentences[11],
    ]
    for part in parts:
        for start in range(0, len(part), 40):
            reply.say(part[start : start + 40])
        await page.sees(part.split("Sentence ")[-1].split("*")[0].split(" says")[0])
    reply.finish()
    await page.sees_it_end()
    assert await page.reply.locator("font").count() > 0
    shown = " ".join((await page.text()).split())
    counts = {
        number: shown.count(f"Sentence {number} says that the Moon pulls, and so does the Sun.")
        for number in range(1, 13)
    }
    assert counts == dict.fromkeys(range(1, 13), 1)

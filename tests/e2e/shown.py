"""What a page shows, to the letter, and how that differs from what is stored."""

from typing import Any

from api.chats.models import Message
from api.graphql import relay
from tests.e2e.visitor import Visitor

PAGE = 30
"""How many messages a page fetches at first; of older ones it shows those that it has had for longer."""

SHOWN = """() => {
    const copied = [];
    navigator.clipboard.writeText = async (text) => void copied.push(text);
    const shown = [...document.querySelectorAll("article")].map((article) => {
        copied.length = 0;
        article.querySelector("[aria-label='Copy reply'], [aria-label='Copy message']")?.click();
        return {
            id: article.dataset.messageId ?? "",
            status: article.dataset.status,
            busy: article.getAttribute("aria-busy") === "true",
            content: copied[0] ?? "",
            drawn: article.querySelector(".markdown, .text")?.innerText ?? "",
        };
    });
    delete navigator.clipboard.writeText;
    return shown;
}"""
"""Every message on the page: how it stands, its text as its button copies it, and as it is drawn."""

WATCH_FOR_FALLS = """() => {
    const MARK = 8; // letters of an open block's mark: "```" is a block of "text" until the language follows
    const longest = new Map();
    window.falls = [];
    new MutationObserver(() => {
        for (const article of document.querySelectorAll("article.reply")) {
            const id = article.dataset.messageId;
            const drawn = article.querySelector(".markdown")?.textContent ?? "";
            const text = drawn.replaceAll(/\\P{L}/gu, "");
            const before = longest.get(id) ?? "";
            if (text.length < before.length - MARK) falls.push({ id, before: before.slice(-80), now: text.slice(-80) });
            longest.set(id, text);
        }
    }).observe(document, { subtree: true, childList: true, characterData: true });
}"""
"""Notes each time that a reply is drawn with fewer letters than before: signs may turn out to be Markdown, and go."""


async def shown(tab: Visitor) -> list[dict[str, Any]]:
    """Each message on the page: its `id`, `status`, whether it is `busy`, its `content`, and as it is `drawn`."""
    found: list[dict[str, Any]] = await tab.page.evaluate(SHOWN)
    return found


async def watch_for_falls(tab: Visitor) -> None:
    """From now on, until the page is loaded anew."""
    await tab.page.evaluate(WATCH_FOR_FALLS)


async def falls(tab: Visitor) -> list[dict[str, Any]]:
    """The replies that became shorter, since this was asked last."""
    found: list[dict[str, Any]] = await tab.page.evaluate("falls.splice(0)")
    return found


def difference(shown: list[dict[str, Any]], rows: list[Message]) -> str | None:
    """What is wrong with a page; None if it shows the newest of the rows, and all that they say."""
    if len(shown) < min(len(rows), PAGE):
        return f"{len(shown)} of {len(rows)} messages are shown"
    newest = rows[max(0, len(rows) - len(shown)) :]
    for article, row in zip(shown, newest, strict=False):
        id = relay.global_id("Message", row.id)
        wanted = {"id": id, "status": row.status.value, "busy": row.streaming, "content": row.content}
        if wanted != {name: article[name] for name in wanted}:
            return f"{article} is shown for {wanted}"
        if row.author_id is not None and article["drawn"] != row.content:
            return f"{article['drawn']!r} is drawn for {row.content!r}"
    return None if len(shown) <= len(rows) else f"{len(shown) - len(rows)} messages too many: {shown[len(rows) :]}"

"""An agent that answers each message of a chat, word by word, and shows what it does meanwhile.

    TWOTRACK_TOKEN=… python agent.py https://chat.example.com/graphql CHAT_ID

It asks no model: `answer_to` is where yours belongs. It may be killed and started again at any moment, and all servers
may restart under it.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

from twotrack_producer import Finished, Server, Stopped, TakenOver, reply

PAGE = """query ($chat: ID!) {
  viewer { user { id } }
  chat(id: $chat) { messages(last: 50) { edges { node { id role content status replyTo author { id } } } } }
}"""

WORD_SECONDS = 0.02


async def main(url: str, token: str, chat: str) -> None:
    """Answer all that is unanswered, now and after each change of the chat."""
    answers: dict[str, asyncio.Task[None]] = {}
    async with Server(url, token) as server, asyncio.TaskGroup() as tasks:
        async for _ in server.changes([chat]):
            page = await server.execute(PAGE, chat=chat)
            if page["chat"] is None:
                raise SystemExit("The chat is deleted, or this user is no participant.")
            for question in unanswered(page):
                if question["id"] not in answers:
                    answers[question["id"]] = tasks.create_task(answer(server, chat, question))


def unanswered(page: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages of others without a reply of this agent that has ended."""
    messages = [edge["node"] for edge in page["chat"]["messages"]["edges"]]
    own = page["viewer"]["user"]["id"]
    ended = ("COMPLETE", "STOPPED")
    answered = {
        message["replyTo"]
        for message in messages
        if message["author"] and message["author"]["id"] == own and message["status"] in ended
    }
    return [
        message
        for message in messages
        if message["role"] == "USER" and message["author"]["id"] != own and message["id"] not in answered
    ]


async def answer(server: Server, chat: str, question: dict[str, Any]) -> None:
    """The key names the question, so that an agent that was restarted goes on with its reply."""
    try:
        async with reply(server, chat, key=f"answer {question['id']}", reply_to=question["id"], model="words") as text:
            text.show("Counting the words…")
            await asyncio.sleep(10 * WORD_SECONDS)
            start = len(text.content)
            async for word in answer_to(question["content"]):
                text.append(word[start:])
                start = max(0, start - len(word))
    except (Finished, Stopped, TakenOver) as reason:
        print(reason, file=sys.stderr)  # noqa: T201


async def answer_to(question: str) -> AsyncIterator[str]:
    """The answer, always the same for the same question."""
    words = question.split()
    yield f"You wrote {len(words)} words.\n\n"
    for number, word in enumerate(words * (1 + 100 // max(1, len(words))), 1):
        await asyncio.sleep(WORD_SECONDS)
        yield f"{number}. {word}\n"


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], os.environ["TWOTRACK_TOKEN"], sys.argv[2]))

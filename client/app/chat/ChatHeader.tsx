/** Header of a chat: the title, the participants, a button to share it, and a menu. */

import { type FormEvent, lazy, Suspense, useState } from "react";
import { RenameChatDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Icon } from "../ui/Icon.tsx";
import { type Action, useAction } from "../ui/useAction.ts";
import { useIsCompact } from "../ui/useIsCompact.ts";
import { AssistantMode } from "./AssistantMode.tsx";
import { ChatMenu } from "./ChatMenu.tsx";
import type { LoadedChat } from "./useChat.ts";

// Loaded when it opens.
const ShareDialog = lazy(async () => ({ default: (await import("./ShareDialog.tsx")).ShareDialog }));

interface Props {
  readonly chat: LoadedChat;
  readonly viewerId: string;
  readonly print: Action<[]>;
}

export function ChatHeader({ chat, viewerId, print }: Props) {
  const [isSharing, setIsSharing] = useState(false);
  const isCompact = useIsCompact();
  const others = chat.participants.length - 1;
  return (
    <header className="chat-header">
      <Title chat={chat} />
      {!isCompact && <AssistantMode chat={chat} />}
      <button
        type="button"
        className="share"
        onClick={() => setIsSharing(true)}
        aria-label={others === 0 ? "Share" : `Share: ${chat.participants.length} participants`}
      >
        {others > 0 ? (
          <span className="avatars">
            {chat.participants.slice(0, 3).map(({ id, name }) => (
              <Avatar key={id} name={name} />
            ))}
            {chat.participants.length > 3 && <small>+{chat.participants.length - 3}</small>}
          </span>
        ) : (
          <Icon name="people" />
        )}
        <span className="wide">Share</span>
      </button>
      <ChatMenu chat={chat} viewerId={viewerId} print={print}>
        {isCompact && <AssistantMode chat={chat} />}
      </ChatMenu>
      {isSharing && (
        <Suspense>
          <ShareDialog chat={chat} viewerId={viewerId} onClose={() => setIsSharing(false)} />
        </Suspense>
      )}
    </header>
  );
}

function Title({ chat }: { chat: LoadedChat }) {
  const { client } = useSession();
  const [draft, setDraft] = useState<string>();
  const rename = useAction(async (title: string) => {
    if (title && title !== chat.title)
      await client.mutate({ mutation: RenameChatDocument, variables: { input: { chatId: chat.id, title } } });
    setDraft(undefined);
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!rename.isRunning) void rename.run(draft?.trim() ?? "");
  };
  if (draft === undefined)
    return (
      <h1>
        <button type="button" className="title" onClick={() => setDraft(chat.title)} title="Rename" dir="auto">
          {chat.title || "New chat"}
        </button>
      </h1>
    );
  return (
    <form className="rename" onSubmit={submit}>
      <h1 className="hidden">{chat.title || "New chat"}</h1>
      <input
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={submit}
        onKeyDown={(event) => event.key === "Escape" && setDraft(undefined)}
        maxLength={200}
        aria-label="Title"
        aria-invalid={rename.error !== undefined}
        dir="auto"
        // biome-ignore lint/a11y/noAutofocus: it appears because the title was pressed
        autoFocus
      />
      {rename.error && (
        <small className="error" role="alert">
          {rename.error}
        </small>
      )}
    </form>
  );
}

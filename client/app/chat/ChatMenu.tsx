/** Menu of a chat: print, export, and delete or leave it. */

import { lazy, type ReactNode, Suspense, useState } from "react";
import { useSession } from "../session/session.ts";
import { ActionButton, Menu } from "../ui/Menu.tsx";
import { type Action, useAction } from "../ui/useAction.ts";
import type { ExportFormat } from "./exportChat.ts";
import type { LoadedChat } from "./useChat.ts";

// Loaded when it opens.
const LeaveDialog = lazy(async () => ({ default: (await import("./LeaveDialog.tsx")).LeaveDialog }));

interface Props {
  readonly chat: LoadedChat;
  readonly viewerId: string;
  readonly print: Action<[]>;
  /** Shown above the actions. */
  readonly children: ReactNode;
}

export function ChatMenu({ chat, viewerId, print, children }: Props) {
  const { client } = useSession();
  const [isLeaving, setIsLeaving] = useState(false);
  const save = useAction(async (format: ExportFormat) => {
    const { exportChat } = await import("./exportChat.ts");
    await exportChat(client, chat, format);
  });
  const error = save.error ?? print.error;
  const isOwner = chat.owner.id === viewerId;
  return (
    <>
      {error && (
        <small className="error" role="alert">
          {error}
        </small>
      )}
      <Menu label="Chat menu">
        {children}
        <ActionButton icon="print" label="Print" onClick={print.run} disabled={print.isRunning} />
        <ActionButton icon="save" label="Export as Markdown" onClick={() => save.run("md")} disabled={save.isRunning} />
        <ActionButton icon="save" label="Export as JSON" onClick={() => save.run("json")} disabled={save.isRunning} />
        <ActionButton
          icon={isOwner ? "delete" : "leave"}
          label={isOwner ? "Delete chat" : "Leave chat"}
          onClick={() => setIsLeaving(true)}
        />
      </Menu>
      {isLeaving && (
        <Suspense>
          <LeaveDialog chat={chat} viewerId={viewerId} onClose={() => setIsLeaving(false)} />
        </Suspense>
      )}
    </>
  );
}

/** Chooses which messages of a shared chat the assistant answers. */

import { type Assistant, SetAssistantDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { useAction } from "../ui/useAction.ts";
import type { LoadedChat } from "./useChat.ts";

const MODES: Readonly<Record<Assistant, string>> = {
  ALWAYS: "Assistant: answers all",
  WHEN_ASKED: "Assistant: when asked",
  NONE: "Assistant: off",
};

export function AssistantMode({ chat }: { chat: LoadedChat }) {
  const { client } = useSession();
  const choose = useAction((assistant: Assistant) =>
    client.mutate({ mutation: SetAssistantDocument, variables: { input: { chatId: chat.id, assistant } } }),
  );
  // Alone with the assistant, there is nothing to choose.
  if (chat.participants.length < 2 && chat.assistant === "ALWAYS") return null;
  return (
    <select
      className="assistant-mode"
      aria-label="When the assistant answers"
      title={choose.error ?? "Ask with @assistant, if it does not answer all messages"}
      aria-invalid={choose.error !== undefined}
      value={chat.assistant}
      onChange={(event) => choose.run(event.target.value as Assistant)}
    >
      {(Object.keys(MODES) as Assistant[]).map((mode) => (
        <option key={mode} value={mode}>
          {MODES[mode]}
        </option>
      ))}
    </select>
  );
}

/** Form that edits the viewer's own message. If the message has a reply, it can be regenerated. */

import { type FormEvent, type KeyboardEvent, useState } from "react";
import { type BubbleFragment, EditDocument, RegenerateDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { isComposing, sends } from "../ui/keyboard.ts";
import { useAction } from "../ui/useAction.ts";

interface Props {
  readonly message: BubbleFragment;
  readonly replyId: string | undefined;
  readonly onClose: () => void;
}

export function EditMessage({ message, replyId, onClose }: Props) {
  const { client } = useSession();
  const [content, setContent] = useState(message.content);
  const isEmpty = content.trim() === "";

  const save = useAction(async (isRegenerating: boolean) => {
    const edit = { messageId: message.id, content };
    if (content !== message.content) await client.mutate({ mutation: EditDocument, variables: { input: edit } });
    if (isRegenerating && replyId)
      await client.mutate({ mutation: RegenerateDocument, variables: { input: { messageId: replyId } } });
    onClose();
  });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isEmpty) void save.run(replyId !== undefined);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    if (event.key === "Escape") onClose();
    if (sends(event)) submit(event);
  };

  return (
    <form className="edit" onSubmit={submit}>
      <textarea
        value={content}
        onChange={(event) => setContent(event.target.value)}
        onKeyDown={onKeyDown}
        aria-label="New text"
        dir="auto"
        // biome-ignore lint/a11y/noAutofocus: it appears because its button was pressed
        autoFocus
      />
      {save.error && (
        <p className="error" role="alert">
          {save.error}
        </p>
      )}
      <footer>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        {replyId !== undefined && (
          <button type="button" onClick={() => save.run(false)} disabled={isEmpty || save.isRunning}>
            Save only
          </button>
        )}
        <button type="submit" className="primary" disabled={isEmpty || save.isRunning}>
          {replyId === undefined ? "Save" : "Save and regenerate"}
        </button>
      </footer>
    </form>
  );
}

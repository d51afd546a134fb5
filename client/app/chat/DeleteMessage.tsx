/** Button that deletes a message, after a confirmation. */

import { useState } from "react";
import { DeleteMessageDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { ConfirmDialog } from "../ui/ConfirmDialog.tsx";
import { Icon } from "../ui/Icon.tsx";

export function DeleteMessage({ id, kind }: { id: string; kind: "message" | "reply" }) {
  const { client } = useSession();
  const [isConfirming, setIsConfirming] = useState(false);
  const deleteMessage = () =>
    client.mutate({
      mutation: DeleteMessageDocument,
      variables: { input: { messageId: id } },
      // Removes this component from the page, and the dialog with it.
      update: (cache) => void cache.evict({ id: cache.identify({ __typename: "Message", id }) }),
    });
  return (
    <>
      <button
        type="button"
        className="quiet"
        onClick={() => setIsConfirming(true)}
        aria-label={`Delete ${kind}`}
        title={`Delete ${kind}`}
      >
        <Icon name="delete" />
      </button>
      {isConfirming && (
        <ConfirmDialog
          title={`Delete this ${kind}?`}
          explanation="It is deleted for all participants. This cannot be undone."
          confirmLabel="Delete"
          onConfirm={deleteMessage}
          onClose={() => setIsConfirming(false)}
        />
      )}
    </>
  );
}

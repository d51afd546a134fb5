/** Deletes a message, after asking. */

import { useState } from "react";
import { DeleteMessageDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { Confirm } from "../ui/ConfirmDialog.tsx";
import { Icon } from "../ui/Icon.tsx";

export function DeleteMessage({ id, what }: { id: string; what: "message" | "reply" }) {
  const { client } = useSession();
  const [isAsking, setIsAsking] = useState(false);
  const act = () =>
    client.mutate({
      mutation: DeleteMessageDocument,
      variables: { input: { messageId: id } },
      // Last of all: the question closes with the message that asks it.
      update: (cache) => void cache.evict({ id: cache.identify({ __typename: "Message", id }) }),
    });
  return (
    <>
      <button
        type="button"
        className="quiet"
        onClick={() => setIsAsking(true)}
        aria-label={`Delete ${what}`}
        title={`Delete ${what}`}
      >
        <Icon name="delete" />
      </button>
      {isAsking && (
        <Confirm
          title={`Delete this ${what}?`}
          explanation="It disappears for everybody in this chat. This cannot be undone."
          verb="Delete"
          act={act}
          onClose={() => setIsAsking(false)}
        />
      )}
    </>
  );
}

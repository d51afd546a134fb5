/** Number of the answer that a reply shows, and buttons to show its other answers. */

import { type BubbleFragment, SelectVersionDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { Icon } from "../ui/Icon.tsx";
import { useAction } from "../ui/useAction.ts";

type Versioned = Pick<BubbleFragment, "id" | "version" | "versions" | "streaming">;

export function Versions({ message }: { message: Versioned }) {
  const { client } = useSession();
  const { id, version, versions, streaming } = message;
  const select = useAction((number: number) =>
    client.mutate({ mutation: SelectVersionDocument, variables: { input: { messageId: id, number } } }),
  );
  if (versions.length < 2) return null;
  const place = versions.findIndex(({ number }) => number === version);
  const step = (label: string, offset: number) => {
    const other = versions[place + offset]?.number;
    return (
      <button
        type="button"
        className="quiet"
        onClick={() => other !== undefined && select.run(other)}
        disabled={other === undefined || streaming || select.isRunning}
        aria-label={label}
        title={label}
      >
        <Icon name={offset < 0 ? "back" : "chevron"} />
      </button>
    );
  };
  return (
    <span className="versions">
      {step("Previous answer", -1)}
      <span>
        <span className="hidden">Answer </span>
        {place + 1}/{versions.length}
      </span>
      {step("Next answer", 1)}
      {select.error && (
        <span className="error" role="alert">
          {select.error}
        </span>
      )}
    </span>
  );
}

/** The list of the viewer's notes, and the note that is open. */

import { useQuery } from "@apollo/client/react";
import { useConnection, useSync } from "@twotrack/client/apollo";
import { useSyncExternalStore } from "react";
import { Ask } from "./Ask.tsx";
import { NotePage } from "./NotePage.tsx";
import { CREATE, NOTES } from "./notes.ts";
import { useAct } from "./useAct.ts";

export function Notes() {
  const { data, refetch } = useQuery(NOTES);
  useSync(data?.viewer?.id, data?.viewer?.notes.revision, refetch); // a note was created, shared, renamed or deleted
  const open = useSyncExternalStore(onNavigation, () => location.hash.slice(1));
  const isLost = useConnection() === "lost";
  const { act, error } = useAct();

  const create = async (title: string) => {
    const created = await act(CREATE, { title });
    if (created) location.hash = created.note.id;
  };

  return (
    <main>
      <nav>
        <Ask label="Title of a new note" actions={{ Write: create }} />
        {error && <p role="alert">{error}</p>}
        {isLost && <p role="status">Reconnecting…</p>}
        {data?.viewer?.notes.edges.map(({ node }) => (
          <a key={node.id} href={`#${node.id}`} aria-current={node.id === open ? "page" : undefined}>
            {node.title}
          </a>
        ))}
      </nav>
      {open && <NotePage key={open} id={open} />}
    </main>
  );
}

function onNavigation(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

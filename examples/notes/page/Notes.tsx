/** The list of the viewer's notes, beside the note that is open. */

import { useSync } from "@twotrack/client/apollo/react";
import { useSyncExternalStore } from "react";
import { NotePage } from "./NotePage.tsx";
import { CREATE, type Viewer } from "./notes.ts";
import { useAct } from "./useAct.ts";

export function Notes({ viewer, refetch }: { viewer: Viewer; refetch: () => unknown }) {
  useSync(viewer.id, viewer.notes.revision, refetch); // a note was created, shared, renamed or deleted
  const open = useSyncExternalStore(onNavigation, () => location.hash.slice(1));
  const { act, error } = useAct();
  const create = async (form: FormData) => {
    const data = await act(CREATE, { title: String(form.get("title")) });
    if (data) location.hash = data.note.id;
  };
  return (
    <main>
      <nav>
        <form action={create}>
          <input name="title" placeholder="Title of a new note" aria-label="Title of a new note" required />
          <button type="submit">Write</button>
        </form>
        {error && <p role="alert">{error.message}</p>}
        {viewer.notes.edges.map(({ node }) => (
          <a key={node.id} href={`#${node.id}`} aria-current={node.id === open && "page"}>
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

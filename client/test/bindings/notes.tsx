/** What every binding must do with a streamed model that the package does not know. */

import { act, cleanup, render, screen } from "@testing-library/react";
import { parse } from "graphql";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { defineStream, type FragmentDocument } from "../../src/core/index.ts";
import type { Note } from "../rows.ts";
import { TestServer } from "../server.ts";
import { type Binding, type Connected, document, eventually, quiet } from "./harness.tsx";

type NoteRow = Pick<Note, "id" | "revision" | "status" | "streaming" | "title" | "body">;

const notes = defineStream({
  type: "Note",
  field: "noteStream",
  poll: "note",
  fragment: parse("fragment LiveNote on Note { body }") as FragmentDocument<Pick<Note, "body">>,
});

const NOTEBOOK = document<
  { notebook: { id: string; notes: { revision: number; edges: { node: NoteRow }[] } } },
  { id: string }
>(`
  query Notebook {
    notebook {
      id revision
      notes(last: 10) {
        revision
        edges { node { id revision status streaming title body } }
        pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
      }
    }
  }
`);

interface Shown {
  /** What the page has shown of the first note, in order. */
  bodies: string[];
  refetch: () => unknown;
}

interface Props {
  binding: Binding;
  shown: Shown;
}

function Notebook({ binding, shown }: Props) {
  const { data, refetch } = binding.useQuery(NOTEBOOK, "notebook-1");
  const { notes } = data?.notebook ?? {};
  binding.useSync("notebook-1", () => notes?.revision, refetch);
  shown.refetch = refetch;
  return notes?.edges.map(({ node }) => <LiveNote key={node.id} note={node} {...{ binding, shown }} />);
}

function LiveNote({ note, binding, shown }: Props & { note: NoteRow }) {
  const { id, title, body, streaming } = binding.useStream(notes, note);
  if (id === "note-1" && shown.bodies.at(-1) !== body) shown.bodies.push(body);
  return (
    <article data-testid={id} aria-busy={streaming} title={title}>
      {body}
    </article>
  );
}

export function streamsNotes(binding: Binding): void {
  let server: TestServer;
  let connected: Connected;
  let shown: Shown;

  beforeEach(async () => {
    server = await TestServer.start();
    connected = binding.connect(server, { streams: [notes] });
    shown = { bodies: [], refetch: () => {} };
  });
  afterEach(async () => {
    cleanup();
    vi.unstubAllGlobals();
    connected.close();
    await server.stop();
  });

  const open = () => render(connected.wrap(<Notebook binding={binding} shown={shown} />));
  const note = (id: string) => screen.queryByTestId(id);
  const body = (id = "note-1") => note(id)?.textContent;
  const isBusy = () => note("note-1")?.getAttribute("aria-busy") === "true";

  const openStreaming = async () => {
    server.addNote({ status: "STREAMING", title: "Plan", body: "Once" });
    const page = open();
    await eventually(() => [...server.live].sort(), ["NoteStream note-1", "Sync notebook-1"]);
    return page;
  };

  describe("a note that streams", () => {
    test("grows with each frame, keeps the fields that its stream does not select, and ends", async () => {
      await openStreaming();
      for (const text of ["Once upon", "Once upon a time"]) {
        server.frame("note-1", { body: text });
        await eventually(body, text);
      }
      expect(isBusy()).toBe(true);
      expect(note("note-1")?.title).toBe("Plan");
      server.frame("note-1", { body: "The end", status: "COMPLETE" });
      await eventually(body, "The end");
      expect(isBusy()).toBe(false);
      await eventually(() => [...server.live], ["Sync notebook-1"]);
      expect(server.operations.sort()).toEqual(["NoteStream", "Notebook", "Sync"]);
    });

    test("leaves its final frame to the page that opens next", async () => {
      const { unmount } = await openStreaming();
      server.frame("note-1", { body: "The end", status: "COMPLETE" });
      await eventually(body, "The end");
      unmount();
      shown.bodies = [];
      open();
      await eventually(body, "The end");
      if (binding.cachesFrames) expect(shown.bodies).toEqual(["The end"]);
      expect(server.count("Notebook")).toBe(1);
    });

    test("keeps the newer text if a refetch is answered late", async () => {
      await openStreaming();
      server.holding.add("Notebook");
      act(() => void shown.refetch());
      await eventually(() => server.held.length, 1);
      server.frame("note-1", { body: "Once upon a time", status: "COMPLETE" });
      await eventually(body, "Once upon a time");
      server.held[0]?.release();
      await quiet();
      expect(shown.bodies).toEqual(["Once", "Once upon a time"]);
      expect(isBusy()).toBe(false);
    });

    test("that is deleted ends, and is not subscribed again", async () => {
      await openStreaming();
      server.remove("note-1");
      await eventually(isBusy, false);
      await quiet();
      expect(server.count("NoteStream")).toBe(1);
      expect(server.live).toEqual(["Sync notebook-1"]);
    });

    test("is polled over HTTP if WebSockets are blocked and no stream is free", async () => {
      const locks = { request: async (_: string, __: object, grant: (lock: null) => void) => grant(null) };
      vi.stubGlobal("navigator", { locks });
      server.blocksSockets = true;
      server.addNote({ status: "STREAMING", body: "Once" });
      open();
      await eventually(() => server.count("NoteStream") > 0, true);
      server.frame("note-1", { body: "Once upon" });
      await eventually(body, "Once upon");
      server.frame("note-1", { body: "The end", status: "COMPLETE" });
      await eventually(body, "The end");
      expect(isBusy()).toBe(false);
      expect(server.live).toEqual([]);
      const polls = server.count("NoteStream");
      await eventually(() => server.operations.includes("Revision"), true); // sync of the notebook is polled too
      await quiet(2_500);
      expect(server.count("NoteStream")).toBe(polls);
    });
  });

  test("a note that another user adds is refetched and streamed", async () => {
    open();
    await eventually(() => [...server.live], ["Sync notebook-1"]);
    server.addNote({ status: "STREAMING" });
    server.touch();
    await eventually(() => server.live.includes("NoteStream note-1"), true);
    server.frame("note-1", { body: "Hello" });
    await eventually(body, "Hello");
    expect(server.count("Notebook")).toBe(2);
  });

  test("a definition that the client does not know is an error that says what to do", () => {
    vi.spyOn(console, "error").mockImplementation(() => {}); // React logs the error as well
    const unaware = binding.connect(server);
    const note = { id: "note-1", revision: 1, status: "STREAMING", streaming: true, title: "", body: "" } as const;
    expect(() => render(unaware.wrap(<LiveNote note={note} binding={binding} shown={shown} />))).toThrow(
      "The client does not know the stream of Note. Pass its definition as `streams`",
    );
    vi.restoreAllMocks();
    unaware.close();
  });
}

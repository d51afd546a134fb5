/** The stream of notes, and what the page asks the server. */

import { gql, type TypedDocumentNode } from "@apollo/client";
import { defineStream, type StreamedFields } from "@twotrack/client";

export interface Note extends StreamedFields {
  readonly title: string;
  readonly owner: string | null;
  readonly body: string;
  readonly error: { readonly message: string } | null;
}

const LIVE_NOTE: TypedDocumentNode<Note> = gql`
  fragment LiveNote on Note {
    id
    revision
    status
    streaming
    title
    owner
    body
    error { message }
  }
`;

export const noteStream = defineStream({ type: "Note", field: "noteStream", poll: "note", fragment: LIVE_NOTE });

export const NOTE: TypedDocumentNode<{ note: Note | null }, { id: string }> = gql`
  query Note($id: ID!) { note(id: $id) { ...LiveNote } }
  ${LIVE_NOTE}
`;

export interface Viewer {
  readonly id: string;
  readonly notes: {
    readonly revision: number;
    readonly edges: readonly { readonly node: Pick<Note, "id" | "title"> }[];
  };
}

export const NOTES: TypedDocumentNode<{ viewer: Viewer | null }> = gql`
  query Notes {
    viewer {
      id
      notes(first: 100) {
        revision
        edges { node { id title } }
      }
    }
  }
`;

type Mutation<Variables, Data = { note: Note }> = TypedDocumentNode<Data, Variables>;

export const CREATE: Mutation<{ title: string }> = gql`
  mutation Create($title: String!) { note: createNote(title: $title) { ...LiveNote } }
  ${LIVE_NOTE}
`;

export const WRITE: Mutation<{ id: string }> = gql`
  mutation Write($id: ID!) { note: writeNote(id: $id) { ...LiveNote } }
  ${LIVE_NOTE}
`;

export const STOP: Mutation<{ id: string }> = gql`
  mutation Stop($id: ID!) { note: stopNote(id: $id) { ...LiveNote } }
  ${LIVE_NOTE}
`;

export const RENAME: Mutation<{ id: string; title: string }> = gql`
  mutation Rename($id: ID!, $title: String!) { note: renameNote(id: $id, title: $title) { ...LiveNote } }
  ${LIVE_NOTE}
`;

export const DELETE: Mutation<{ id: string }, { deleteNote: string }> = gql`
  mutation Delete($id: ID!) { deleteNote(id: $id) }
`;

export const SHARE: Mutation<{ id: string; email: string }> = gql`
  mutation Share($id: ID!, $email: String!) { note: shareNote(id: $id, email: $email) { ...LiveNote } }
  ${LIVE_NOTE}
`;

export const UNSHARE: Mutation<{ id: string; email: string }> = gql`
  mutation Unshare($id: ID!, $email: String!) { note: unshareNote(id: $id, email: $email) { ...LiveNote } }
  ${LIVE_NOTE}
`;

export const SIGN_IN: Mutation<Record<string, unknown>, { token: string }> = gql`
  mutation SignIn($email: String!, $password: String!) { token: signIn(email: $email, password: $password) }
`;

export const SIGN_UP: Mutation<Record<string, unknown>, { token: string }> = gql`
  mutation SignUp($name: String!, $email: String!, $password: String!) {
    token: signUp(name: $name, email: $email, password: $password)
  }
`;

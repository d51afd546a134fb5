import { behaves } from "../bindings/behaviour.tsx";
import { streamsNotes } from "../bindings/notes.tsx";
import { sends } from "../bindings/sending.tsx";
import { urql } from "../bindings/urql.tsx";

behaves(urql);
sends(urql);
streamsNotes(urql);

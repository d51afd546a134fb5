import { apollo } from "../bindings/apollo.tsx";
import { behaves } from "../bindings/behaviour.tsx";
import { streamsNotes } from "../bindings/notes.tsx";
import { sends } from "../bindings/sending.tsx";

behaves(apollo);
sends(apollo);
streamsNotes(apollo);

import { apollo } from "../bindings/apollo.tsx";
import { behaves } from "../bindings/behaviour.tsx";
import { sends } from "../bindings/sending.tsx";

behaves(apollo);
sends(apollo);

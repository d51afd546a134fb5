import { apollo } from "../bindings/apollo.tsx";
import { behaves } from "../bindings/behaviour.tsx";

behaves(apollo);

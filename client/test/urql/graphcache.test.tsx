import { behaves } from "../bindings/behaviour.tsx";
import { sends } from "../bindings/sending.tsx";
import { urqlGraphcache } from "../bindings/urql.tsx";

behaves(urqlGraphcache);
sends(urqlGraphcache);

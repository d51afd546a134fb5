import { behaves } from "../bindings/behaviour.tsx";
import { urqlGraphcache } from "../bindings/urql.tsx";

behaves(urqlGraphcache);

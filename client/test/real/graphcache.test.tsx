import { urqlGraphcache } from "../bindings/urql.tsx";
import { behavesForReal } from "./behaviour.tsx";

behavesForReal(urqlGraphcache);

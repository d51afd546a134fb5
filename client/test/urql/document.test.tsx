import { behaves } from "../bindings/behaviour.tsx";
import { urql } from "../bindings/urql.tsx";

behaves(urql);

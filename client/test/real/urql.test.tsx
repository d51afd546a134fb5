import { urql } from "../bindings/urql.tsx";
import { behavesForReal } from "./behaviour.tsx";

behavesForReal(urql);

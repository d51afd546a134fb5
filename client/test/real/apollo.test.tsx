import { apollo } from "../bindings/apollo.tsx";
import { behavesForReal } from "./behaviour.tsx";

behavesForReal(apollo);

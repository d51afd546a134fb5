/** The last plain words of a growing reply, rendered apart: a step then renders this text alone. */

import { createContext, use, useSyncExternalStore } from "react";
import type { Flow } from "./flow.ts";

export const FlowContext = createContext<Flow | undefined>(undefined);

export function Tail() {
  const flow = use(FlowContext);
  return useSyncExternalStore(flow?.subscribe ?? subscribeToNothing, flow?.tail ?? noTail);
}

const subscribeToNothing = () => () => {};
const noTail = () => "";

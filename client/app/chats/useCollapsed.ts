/** Whether the list of chats is hidden on a wide screen. The user of this browser decides. */

import { useState } from "react";
import { flushSync } from "react-dom";
import { browserStorage } from "../session/safeStorage.ts";

const KEY = "twotrack.collapsed";

export function useCollapsed() {
  const [isCollapsed, setIsCollapsed] = useState(() => browserStorage.get(KEY) !== null);
  const show = (collapsed: boolean, successor: string) => {
    browserStorage.set(KEY, collapsed ? "yes" : null);
    flushSync(() => setIsCollapsed(collapsed));
    document.querySelector<HTMLElement>(successor)?.focus(); // the button that was pressed is hidden now
  };
  return {
    isCollapsed,
    collapse: () => show(true, ".open-list"),
    expand: () => show(false, ".hide-list"),
  };
}

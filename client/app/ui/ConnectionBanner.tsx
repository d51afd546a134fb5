/** Banner that is shown while the browser is offline or the connection to the server is lost. */

import { useConnection } from "@twotrack/client/apollo/react";
import { useEffect, useState, useSyncExternalStore } from "react";

const DELAY_MS = 1_500; // shorter losses are not shown

export function ConnectionBanner() {
  const isLost = useConnection().status === "lost";
  const isOnline = useSyncExternalStore(onNetwork, () => navigator.onLine);
  const [isOverdue, setIsOverdue] = useState(false);
  useEffect(() => {
    if (!isLost) return setIsOverdue(false);
    const timer = setTimeout(() => setIsOverdue(true), DELAY_MS);
    return () => clearTimeout(timer);
  }, [isLost]);
  const text = !isOnline ? "You are offline" : isOverdue ? "Reconnecting…" : "";
  return (
    <p className="connection" role="status" data-connection={text ? "lost" : "open"}>
      {text}
    </p>
  );
}

function onNetwork(listener: () => void): () => void {
  addEventListener("online", listener);
  addEventListener("offline", listener);
  return () => {
    removeEventListener("online", listener);
    removeEventListener("offline", listener);
  };
}

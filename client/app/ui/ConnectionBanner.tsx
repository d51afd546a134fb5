/** Says so when the connection has been gone for a moment; silent otherwise. */

import { useConnection } from "@twotrack/client/apollo";
import { useEffect, useState, useSyncExternalStore } from "react";

const BLINK_MS = 1_500; // shorter losses are nobody's business

export function ConnectionNote() {
  const isLost = useConnection() === "lost";
  const isOnline = useSyncExternalStore(onNetwork, () => navigator.onLine);
  const [isLong, setIsLong] = useState(false);
  useEffect(() => {
    if (!isLost) return setIsLong(false);
    const timer = setTimeout(() => setIsLong(true), BLINK_MS);
    return () => clearTimeout(timer);
  }, [isLost]);
  const words = !isOnline ? "You are offline" : isLong ? "Reconnecting…" : "";
  return (
    <p className="connection" role="status" data-connection={words ? "lost" : "open"}>
      {words}
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

/** Speaks to screen readers, politely: after what they are saying now. */

import { createContext, type ReactNode, use, useState } from "react";

export const LONGEST_SPOKEN = 1_000; // characters; about a minute of speech, and the reply itself is there to be read

const Announce = createContext<(text: string) => void>(() => {});

export function useAnnounce(): (text: string) => void {
  return use(Announce);
}

export function Announcer({ children }: { children: ReactNode }) {
  const [text, setText] = useState("");
  return (
    <Announce value={setText}>
      {children}
      <p className="hidden" role="status">
        {text.length > LONGEST_SPOKEN ? `${text.slice(0, LONGEST_SPOKEN)}… The rest is in the conversation.` : text}
      </p>
    </Announce>
  );
}

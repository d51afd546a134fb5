/** Live region for screen readers. It is polite: a text is spoken after the one that is being spoken now. */

import { createContext, type ReactNode, use, useState } from "react";

export const MAX_SPOKEN_CHARACTERS = 1_000; // about a minute of speech; the rest can be read in the reply itself

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
        {text.length > MAX_SPOKEN_CHARACTERS
          ? `${text.slice(0, MAX_SPOKEN_CHARACTERS)}… The rest is in the conversation.`
          : text}
      </p>
    </Announce>
  );
}

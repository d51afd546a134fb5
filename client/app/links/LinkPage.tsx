/** The page at the address of a link: the shared chat for a guest, or the way into the chat for a participant. */

import { SignIn } from "../session/SignIn.tsx";
import { useSession } from "../session/session.ts";
import type { ChatLink } from "../ui/paths.ts";
import { GuestPage } from "./GuestPage.tsx";
import { JoinPage } from "./JoinPage.tsx";
import { LinkEnded } from "./LinkEnded.tsx";

export function LinkPage({ link }: { link: ChatLink }) {
  const { user, notice } = useSession();
  if (link.role === "participant")
    return user === undefined ? (
      <SignIn
        notice={notice ?? "You are invited to a chat. Create an account or sign in to join."}
        invitation={link.token}
      />
    ) : (
      <JoinPage token={link.token} />
    );
  if (link.role === "other")
    return <LinkEnded title="This link is incomplete">Copy the whole address, with all that follows the #.</LinkEnded>;
  return user === undefined ? (
    <LinkEnded title="This link no longer works">It was revoked or has expired. Ask for another one.</LinkEnded>
  ) : (
    <GuestPage />
  );
}

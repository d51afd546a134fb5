/** The sessions of the user, each with a button that ends it. */

import { type AccountQuery, RevokeSessionDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { formatDateTime } from "../ui/dates.ts";
import { useAction } from "../ui/useAction.ts";
import { deviceName } from "./deviceName.ts";
import { Outcome } from "./Outcome.tsx";

interface Props {
  readonly sessions: NonNullable<AccountQuery["viewer"]>["sessions"];
  readonly onChanged: () => unknown;
}

export function Sessions({ sessions, onChanged }: Props) {
  const { client } = useSession();
  const others = sessions.filter(({ current }) => !current);
  const end = useAction(async (ids: readonly string[]) => {
    for (const sessionId of ids)
      await client.mutate({ mutation: RevokeSessionDocument, variables: { input: { sessionId } } });
    onChanged();
  });
  return (
    <section>
      <h3>Sessions</h3>
      <ul aria-label="Sessions">
        {sessions.map(({ id, client: agent, lastUsedAt, current }) => (
          <li key={id}>
            <span>
              {deviceName(agent)}
              <small>{current ? "This session" : `Last used ${formatDateTime(lastUsedAt)}`}</small>
            </span>
            {!current && (
              <button
                type="button"
                onClick={() => end.run([id])}
                disabled={end.isRunning}
                aria-label={`End the session on ${deviceName(agent)}`}
              >
                End
              </button>
            )}
          </li>
        ))}
      </ul>
      {others.length > 1 && (
        <button type="button" onClick={() => end.run(others.map(({ id }) => id))} disabled={end.isRunning}>
          End all others
        </button>
      )}
      <Outcome action={end} done="Ended." />
    </section>
  );
}

/** Settings: appearance, name, password, sessions, API tokens, and the end of the account. */

import { useQuery } from "@apollo/client/react";
import { AccountDocument } from "../documents.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { errorMessage } from "../ui/errors.ts";
import { ApiTokens } from "./ApiTokens.tsx";
import { Appearance } from "./Appearance.tsx";
import { DeleteAccount } from "./DeleteAccount.tsx";
import { NameForm } from "./NameForm.tsx";
import { PasswordForm } from "./PasswordForm.tsx";
import { Sessions } from "./Sessions.tsx";

export function SettingsDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const { data, error, refetch } = useQuery(AccountDocument, { fetchPolicy: "network-only" });
  const viewer = data?.viewer;
  return (
    <Dialog title="Settings" onClose={onClose}>
      <div className="settings">
        <Appearance />
        <NameForm name={name} />
        <PasswordForm onChanged={refetch} />
        {error && (
          <p className="error" role="alert">
            {errorMessage(error)}
          </p>
        )}
        {viewer && <Sessions sessions={viewer.sessions} onChanged={refetch} />}
        {viewer && <ApiTokens tokens={viewer.apiTokens} onChanged={refetch} />}
        <DeleteAccount />
      </div>
    </Dialog>
  );
}

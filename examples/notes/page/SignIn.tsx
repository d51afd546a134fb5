/** The sign-in form. The token is kept in the browser's storage. */

import { SIGN_IN, SIGN_UP } from "./notes.ts";
import { useAct } from "./useAct.ts";

const KEY = "notes.token";

/** Null if the server has rejected the token: then the page shows this form. */
export function storedToken(rejected?: string): string | null {
  const token = localStorage.getItem(KEY);
  return token === rejected ? null : token;
}

export function SignIn({ onSignedIn }: { onSignedIn: () => unknown }) {
  const { act, error } = useAct();
  const submit = (mutation: typeof SIGN_IN) => async (form: FormData) => {
    const data = await act(mutation, Object.fromEntries(form));
    if (!data) return;
    localStorage.setItem(KEY, data.token);
    onSignedIn();
  };
  return (
    <form className="sign-in" action={submit(SIGN_IN)}>
      <h1>Notes</h1>
      <input name="name" placeholder="Name, to sign up" aria-label="Name" autoComplete="name" />
      <input name="email" type="email" placeholder="E-mail" aria-label="E-mail" autoComplete="email" required />
      <input name="password" type="password" placeholder="Password" aria-label="Password" minLength={10} required />
      {error && <p role="alert">{error.message}</p>}
      <button type="submit">Sign in</button>
      <button type="submit" formAction={submit(SIGN_UP)}>
        Sign up
      </button>
    </form>
  );
}

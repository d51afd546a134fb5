/** Sign-in and sign-up form. */

import { useMutation } from "@apollo/client/react";
import { type FormEvent, useState } from "react";
import { SignInDocument, SignUpDocument } from "../documents.ts";
import { Brand } from "../ui/Brand.tsx";
import { errorMessage } from "../ui/errors.ts";
import { signIn } from "./session.ts";

interface Props {
  readonly notice: string | undefined;
  /** The link for participants by which somebody came who has no account yet. */
  readonly invitation?: string | undefined;
}

export function SignIn({ notice, invitation }: Props) {
  const [isNew, setIsNew] = useState(invitation !== undefined);
  const [submitSignIn, signingIn] = useMutation(SignInDocument);
  const [submitSignUp, signingUp] = useMutation(SignUpDocument);
  const { loading, error } = isNew ? signingUp : signingIn;

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { name = "", email = "", password = "" } = Object.fromEntries(new FormData(event.currentTarget)) as Fields;
    const input = { email, password };
    try {
      const token = isNew
        ? (await submitSignUp({ variables: { input: { ...input, name, link: invitation ?? null } } })).data?.signUp
            .token
        : (await submitSignIn({ variables: { input } })).data?.signIn.token;
      if (token) signIn(token);
    } catch {
      // shown below the form
    }
  };

  return (
    <main className="sign-in">
      <About />
      <form onSubmit={submit} aria-labelledby="sign-in-title">
        <h1 id="sign-in-title">{isNew ? "Create an account" : "Welcome back"}</h1>
        {notice && !error && <p role="status">{notice}</p>}
        {isNew && (
          <label>
            Name
            <input name="name" autoComplete="name" required maxLength={100} />
          </label>
        )}
        <label>
          E-mail
          <input name="email" type="email" autoComplete="email" required />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            autoComplete={isNew ? "new-password" : "current-password"}
            required
            minLength={isNew ? 10 : undefined}
            maxLength={200}
            aria-describedby={isNew ? "password-hint" : undefined}
          />
          {isNew && <small id="password-hint">At least 10 characters.</small>}
        </label>
        {error && (
          <p className="error" role="alert">
            {errorMessage(error)}
          </p>
        )}
        <button type="submit" className="primary" disabled={loading}>
          {isNew ? "Sign up" : "Sign in"}
        </button>
        <p className="aside">
          {isNew ? "Already have an account?" : "New here?"}{" "}
          <button type="button" className="link" onClick={() => setIsNew(!isNew)}>
            {isNew ? "Sign in" : "Create an account"}
          </button>
        </p>
      </form>
    </main>
  );
}

/** Says what this is, and shows it: a question, and a reply that is being written. */
function About() {
  return (
    <div className="about">
      <Brand />
      <p>Chat with an assistant, alone or with others. All pages show a reply while it is being written.</p>
      <figure aria-hidden="true">
        <p className="question">Why are there two high tides a day?</p>
        <p>
          The Moon pulls on the near side of the Earth more than on its centre, and on the far side less. So the sea
          stands high on both sides at <i />
        </p>
      </figure>
    </div>
  );
}

type Fields = Partial<Record<"name" | "email" | "password", string>>;

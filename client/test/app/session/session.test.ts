import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import type { Session } from "../../../app/session/session.ts";

const HOUR_MS = 3_600_000;

/** A token of this user as the server would sign it, valid for so many hours. */
function tokenOf(sub: string, hours = 12): string {
  const now = Date.now() / 1000;
  const claims = btoa(JSON.stringify({ sub, iat: now, exp: now + hours * 3600 })).replaceAll("=", "");
  return `header.${claims}.signature${Math.random()}`;
}

/** Responses to the next requests; after those, each request is answered with a renewed token. */
let responses: unknown[];
let requests: { operation: string; token: string | null }[];

/** Reloads the page; the browser's storage stays. */
async function load() {
  vi.resetModules();
  const module = await import("../../../app/session/session.ts");
  const { result } = renderHook(() => module.useSession());
  return { ...module, session: () => result.current as Session };
}

const fromOtherTab = (token: string | null) => {
  if (token === null) localStorage.removeItem("twotrack.token");
  else localStorage.setItem("twotrack.token", token);
  act(() => void window.dispatchEvent(Object.assign(new Event("storage"), { key: "twotrack.token" })));
};

const ask = (session: Session) =>
  session.client.connection.fetch("/graphql", { method: "POST", body: '{"query":"{ a }"}' });

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  responses = [];
  requests = [];
  vi.stubGlobal("WebSocket", WebSocket);
  vi.stubGlobal("fetch", async (_: unknown, init: RequestInit) => {
    const { operationName, query } = JSON.parse(String(init.body));
    requests.push({ operation: operationName ?? query, token: new Headers(init.headers).get("authorization") });
    const renewed = { data: { refreshToken: { __typename: "AuthPayload", token: tokenOf("ada") } } };
    const body = JSON.stringify(responses.shift() ?? renewed);
    return new Response(body, { headers: { "content-type": "application/json" } });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const REFUSAL = { errors: [{ message: "Expired.", extensions: { code: "UNAUTHENTICATED" } }] };

describe("signing in", () => {
  test("survives a reload, and so does signing out", async () => {
    const { session, signIn } = await load();
    expect(session().user).toBeUndefined();
    act(() => signIn(tokenOf("ada")));
    expect(session().user).toBe("ada");
    const again = await load();
    expect(again.session().user).toBe("ada");
    act(() => again.signOut());
    expect((await load()).session().user).toBeUndefined();
  });

  test("creates a new client, so that no cache is shared between users", async () => {
    const { session, signIn } = await load();
    const before = session().client;
    act(() => signIn(tokenOf("ada")));
    expect(session().client).not.toBe(before);
  });

  test("in one tab signs in all tabs, and so does signing out", async () => {
    const { session } = await load();
    fromOtherTab(tokenOf("ada"));
    expect(session().user).toBe("ada");
    fromOtherTab(null);
    expect(session().user).toBeUndefined();
  });
});

test("the client of an ended session sends nothing in the name of the next user", async () => {
  const { session, signIn, signOut } = await load();
  act(() => signIn(tokenOf("ada")));
  const adas = session();
  act(() => signOut());
  act(() => signIn(tokenOf("bob")));
  await ask(adas);
  expect(requests.map(({ operation }) => operation)).toEqual(["SignOut", "{ a }"]); // the first in Ada's own name
  expect(requests[1]?.token).toBeNull();
});

describe("a token", () => {
  test("is renewed at half of its lifetime, and the client stays", async () => {
    const { session, signIn } = await load();
    const old = tokenOf("ada");
    act(() => signIn(old));
    const { client } = session();
    await vi.advanceTimersByTimeAsync(5.9 * HOUR_MS);
    expect(requests).toEqual([]);
    await vi.advanceTimersByTimeAsync(0.2 * HOUR_MS);
    expect(requests).toEqual([{ operation: "RefreshToken", token: `Bearer ${old}` }]);
    await ask(session());
    expect(requests[1]?.token).toBe(`Bearer ${localStorage.getItem("twotrack.token")}`);
    expect(requests[1]?.token).not.toBe(requests[0]?.token);
    expect(session().client).toBe(client);
  });

  test("that could not be renewed is renewed later", async () => {
    const { signIn } = await load();
    act(() => signIn(tokenOf("ada")));
    responses.push({ errors: [{ message: "Later.", extensions: { code: "INTERNAL" } }] });
    await vi.advanceTimersByTimeAsync(6 * HOUR_MS + 61_000);
    expect(requests.map(({ operation }) => operation)).toEqual(["RefreshToken", "RefreshToken"]);
  });

  test("that is refused ends the session with a notice", async () => {
    const { session, signIn } = await load();
    act(() => signIn(tokenOf("ada")));
    responses.push(REFUSAL);
    await act(() => ask(session()));
    expect(session()).toMatchObject({ user: undefined, notice: expect.stringMatching(/has ended/) });
    expect(localStorage.getItem("twotrack.token")).toBeNull();
  });

  test("that is refused after another tab has renewed it does not end the session", async () => {
    const { session, signIn } = await load();
    const [old, fresh] = [tokenOf("ada"), tokenOf("ada")];
    act(() => signIn(old));
    vi.stubGlobal("fetch", async (_: unknown, init: RequestInit) => {
      const token = new Headers(init.headers).get("authorization");
      requests.push({ operation: "", token });
      if (token === `Bearer ${old}`) fromOtherTab(fresh);
      const body = JSON.stringify(token === `Bearer ${old}` ? REFUSAL : { data: {} });
      return new Response(body, { headers: { "content-type": "application/json" } });
    });
    const { session: reloaded } = await load();
    await act(() => ask(reloaded()));
    expect(requests.map(({ token }) => token)).toEqual([`Bearer ${old}`, `Bearer ${fresh}`]);
    expect(reloaded().user).toBe("ada");
    expect(session).toBeDefined();
  });
});

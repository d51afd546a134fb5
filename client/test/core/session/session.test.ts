import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { claimsOf } from "../../../src/core/session/claims.ts";
import { createSession, type Session, type SignOutReason } from "../../../src/core/session/session.ts";

const HOUR_MS = 3_600_000;

/** A token of this user as the server would sign it, valid for twelve hours. */
function tokenOf(sub: string): string {
  const now = Date.now() / 1000;
  const claims = Buffer.from(JSON.stringify({ sub, iat: now, exp: now + 12 * 3600 })).toString("base64url");
  return `header.${claims}.${Math.random()}`;
}

/** A storage that several tabs share. */
function sharedStorage(token: string | null = null) {
  let stored = token;
  return {
    get: () => stored,
    set: (token: string | null) => {
      stored = token;
    },
  };
}

/** Web Locks of one browser. */
function sharedLocks() {
  let last: Promise<unknown> = Promise.resolve();
  return { request: (_: string, run: () => Promise<unknown>) => (last = last.then(run, run)) };
}

const opened: Session[] = [];
function open(options: Partial<Parameters<typeof createSession>[0]> & { storage: ReturnType<typeof sharedStorage> }) {
  const reasons: SignOutReason[] = [];
  const session = createSession({
    refresh: async () => null,
    onSignedOut: (reason) => reasons.push(reason),
    ...options,
  });
  opened.push(session);
  return { session, reasons };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("BroadcastChannel", undefined);
  vi.stubGlobal("localStorage", undefined);
});
afterEach(() => {
  for (const session of opened.splice(0)) session.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("renewing", () => {
  test("happens at half of the token's lifetime, and the user stays", async () => {
    const storage = sharedStorage(tokenOf("ada"));
    const old = storage.get();
    const renewed = vi.fn(async () => tokenOf("ada"));
    const { session } = open({ storage, refresh: renewed });
    const changed = vi.fn();
    session.subscribe(changed);
    await vi.advanceTimersByTimeAsync(5.9 * HOUR_MS);
    expect(renewed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(0.2 * HOUR_MS);
    expect(renewed.mock.calls).toEqual([[old]]);
    expect(storage.get()).not.toBe(old);
    expect(session.tokenSource()()).toBe(storage.get());
    expect(changed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(6.1 * HOUR_MS);
    expect(renewed).toHaveBeenCalledTimes(2);
  });

  test("happens once for all tabs that share Web Locks", async () => {
    vi.stubGlobal("navigator", { locks: sharedLocks() });
    const storage = sharedStorage(tokenOf("ada"));
    const renewed = vi.fn(async () => tokenOf("ada"));
    const tabs = [open({ storage, refresh: renewed }), open({ storage, refresh: renewed })];
    await vi.advanceTimersByTimeAsync(6.1 * HOUR_MS);
    expect(renewed).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(6.1 * HOUR_MS);
    expect(renewed).toHaveBeenCalledTimes(2);
    for (const { session } of tabs) expect(session.tokenSource()()).toBe(storage.get());
  });

  test("is tried again after a minute if it failed", async () => {
    const refresh = vi.fn(async () => tokenOf("ada")).mockRejectedValueOnce(new TypeError("offline"));
    const { session, reasons } = open({ storage: sharedStorage(tokenOf("ada")), refresh });
    await vi.advanceTimersByTimeAsync(6 * HOUR_MS + 61_000);
    expect(refresh).toHaveBeenCalledTimes(2);
    expect(session.user()).toBe("ada");
    expect(reasons).toEqual([]);
  });

  test("that returns null ends the session", async () => {
    const storage = sharedStorage(tokenOf("ada"));
    const { session, reasons } = open({ storage });
    await vi.advanceTimersByTimeAsync(6.1 * HOUR_MS);
    expect(session.user()).toBeUndefined();
    expect(storage.get()).toBeNull();
    expect(reasons).toEqual(["expired"]);
  });

  test("does not bring back a user who signed out meanwhile", async () => {
    const storage = sharedStorage(tokenOf("ada"));
    let answer = (_: string) => {};
    const { session } = open({ storage, refresh: () => new Promise((resolve) => (answer = resolve)) });
    await vi.advanceTimersByTimeAsync(6.1 * HOUR_MS);
    session.signOut();
    answer(tokenOf("ada"));
    await vi.advanceTimersByTimeAsync(0);
    expect(session.user()).toBeUndefined();
    expect(storage.get()).toBeNull();
  });

  test("stops when the session is closed", async () => {
    const refresh = vi.fn(async () => null);
    open({ storage: sharedStorage(tokenOf("ada")), refresh }).session.close();
    await vi.advanceTimersByTimeAsync(20 * HOUR_MS);
    expect(refresh).not.toHaveBeenCalled();
  });
});

describe("a client's token", () => {
  test("that the server refused ends the session", () => {
    const storage = sharedStorage(tokenOf("ada"));
    const { session, reasons } = open({ storage });
    const token = session.tokenSource();
    expect(token(storage.get() as string)).toBeNull();
    expect(session.user()).toBeUndefined();
    expect(reasons).toEqual(["expired"]);
  });

  test("that another tab has renewed does not end the session", () => {
    const old = tokenOf("ada");
    const storage = sharedStorage(old);
    const { session, reasons } = open({ storage });
    const token = session.tokenSource();
    storage.set(tokenOf("ada"));
    expect(token(old)).toBe(storage.get());
    expect(reasons).toEqual([]);
  });

  test("is never the one of another user", () => {
    const { session } = open({ storage: sharedStorage(tokenOf("ada")) });
    const adas = session.tokenSource();
    session.signIn(tokenOf("bob"));
    expect(adas()).toBeNull();
    expect(session.tokenSource()()).not.toBeNull();
  });

  test("is null if nobody is signed in, also after somebody has signed in", () => {
    const { session } = open({ storage: sharedStorage() });
    const token = session.tokenSource();
    session.signIn(tokenOf("ada"));
    expect(token()).toBeNull();
  });
});

describe("another tab", () => {
  test.each(["a broadcast channel", "storage events"])("learns over %s that the user has changed", async (way) => {
    const storage = sharedStorage();
    const channels = new Set<{ listener?: (event: { data: string }) => void }>();
    if (way === "a broadcast channel")
      vi.stubGlobal(
        "BroadcastChannel",
        class {
          listener: ((event: { data: string }) => void) | undefined;
          constructor() {
            channels.add(this as never);
          }
          addEventListener(_: string, listener: (event: { data: string }) => void) {
            this.listener = listener;
          }
          postMessage(data: string) {
            for (const other of channels) if (other !== (this as never)) other.listener?.({ data });
          }
          close() {
            channels.delete(this as never);
          }
        },
      );
    const report = () => way === "storage events" && dispatchEvent(new Event("storage"));
    const [first, second] = [open({ storage }), open({ storage })];
    first.session.signIn(tokenOf("ada"));
    report();
    expect(second.session.user()).toBe("ada");
    first.session.tokenSource()(storage.get() as string); // the server refused it
    report();
    expect(second.session.user()).toBeUndefined();
    expect(second.reasons).toEqual([way === "storage events" ? "signedOut" : "expired"]);
  });
});

test("outside of a browser the token is kept in memory", async () => {
  for (const name of ["window", "document", "navigator", "atob", "addEventListener", "removeEventListener"])
    vi.stubGlobal(name, undefined);
  const session = createSession({ refresh: async () => null });
  opened.push(session);
  session.signIn(tokenOf("ada"));
  expect(session.user()).toBe("ada");
  session.signOut();
  expect(session.user()).toBeUndefined();
});

test("claims are read from any padding and alphabet, and nothing from other tokens", () => {
  for (const sub of ["a", "ab", "abc", "??>>~~"]) {
    const claims = { sub, iat: 1, exp: 2 };
    const json = Buffer.from(JSON.stringify(claims));
    expect(claimsOf(`h.${json.toString("base64url")}.s`)).toEqual(claims);
    expect(claimsOf(`h.${json.toString("base64")}.s`)).toEqual(claims);
  }
  expect(claimsOf("opaque")).toBeUndefined();
});

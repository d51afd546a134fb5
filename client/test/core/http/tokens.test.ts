import { describe, expect, test } from "vitest";
import { Tokens } from "../../../src/core/http/tokens.ts";

describe("a token", () => {
  test("that is a string is sent unchanged, and null is not sent", async () => {
    expect(await new Tokens("abc").connectionParams()).toEqual({ authorization: "Bearer abc" });
    expect(await new Tokens(null).connectionParams()).toBeUndefined();
    expect(await new Tokens().connectionParams()).toBeUndefined();
  });

  test("for which a function returns undefined is null", async () => {
    const nothing = (() => undefined) as unknown as () => null;
    expect(await new Tokens(nothing).connectionParams()).toBeUndefined();
    expect(await new Tokens(nothing).renew("old")).toBeNull();
  });

  test("from a function is read for each request", async () => {
    let token: string | null = "one";
    const tokens = new Tokens(() => token);
    expect(await tokens.current()).toBe("one");
    token = null;
    expect(await tokens.current()).toBeNull();
  });

  test("that was rejected is renewed once for all requests of that time", async () => {
    const calls: (string | undefined)[] = [];
    const tokens = new Tokens(async (rejected) => {
      calls.push(rejected);
      return rejected ? "new" : "old";
    });
    await tokens.connectionParams();
    tokens.rejectSocketToken();
    expect(await Promise.all([tokens.current(), tokens.renew("old"), tokens.renew("old")])).toEqual([
      "new",
      "new",
      "new",
    ]);
    expect(calls.filter((rejected) => rejected === "old")).toHaveLength(1);
  });

  test("that is newer than the socket's rejected one is kept", async () => {
    const calls: (string | undefined)[] = [];
    let token = "old";
    const tokens = new Tokens((rejected) => {
      calls.push(rejected);
      return token;
    });
    await tokens.connectionParams();
    token = "new";
    await tokens.current(); // for a query
    tokens.rejectSocketToken();
    expect(await tokens.connectionParams()).toEqual({ authorization: "Bearer new" });
    expect(calls.filter(Boolean)).toEqual([]);
  });

  test("whose renewal fails makes the request fail, and is renewed again for the next one", async () => {
    let offline = true;
    const tokens = new Tokens(async (rejected) => {
      if (rejected === undefined) return "old";
      if (offline) throw new TypeError("offline");
      return "new";
    });
    await tokens.connectionParams();
    tokens.rejectSocketToken();
    await expect(tokens.current()).rejects.toThrow("offline");
    offline = false;
    expect(await tokens.current()).toBe("new");
  });
});

import { describe, expect, test } from "vitest";
import { Tokens } from "../../../src/core/http/tokens.ts";

describe("a token", () => {
  test("that is a string is sent as it is, and null sends none", async () => {
    expect(await new Tokens("abc").connectionParams()).toEqual({ authorization: "Bearer abc" });
    expect(await new Tokens(null).connectionParams()).toBeUndefined();
    expect(await new Tokens().connectionParams()).toBeUndefined();
  });

  test("that a function does not find is none", async () => {
    const nothing = (() => undefined) as unknown as () => null;
    expect(await new Tokens(nothing).connectionParams()).toBeUndefined();
    expect(await new Tokens(nothing).renew("old")).toBeNull();
  });

  test("from a function is asked for each time", async () => {
    let token: string | null = "one";
    const tokens = new Tokens(() => token);
    expect(await tokens.current()).toBe("one");
    token = null;
    expect(await tokens.current()).toBeNull();
  });

  test("that was refused is renewed once for all who ask at that time", async () => {
    const asked: (string | undefined)[] = [];
    const tokens = new Tokens(async (refused) => {
      asked.push(refused);
      return refused ? "new" : "old";
    });
    await tokens.connectionParams();
    tokens.rejectSocketToken();
    expect(await Promise.all([tokens.current(), tokens.renew("old"), tokens.renew("old")])).toEqual([
      "new",
      "new",
      "new",
    ]);
    expect(asked.filter((refused) => refused === "old")).toHaveLength(1);
  });

  test("that was renewed before the socket's own was refused is kept", async () => {
    const asked: (string | undefined)[] = [];
    let token = "old";
    const tokens = new Tokens((refused) => {
      asked.push(refused);
      return token;
    });
    await tokens.connectionParams();
    token = "new";
    await tokens.current(); // for a query
    tokens.rejectSocketToken();
    expect(await tokens.connectionParams()).toEqual({ authorization: "Bearer new" });
    expect(asked.filter(Boolean)).toEqual([]);
  });

  test("that cannot be renewed fails the request, and is asked for anew the next time", async () => {
    let offline = true;
    const tokens = new Tokens(async (refused) => {
      if (refused === undefined) return "old";
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

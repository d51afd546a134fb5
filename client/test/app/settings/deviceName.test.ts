import { expect, test } from "vitest";
import { deviceName } from "../../../app/settings/deviceName.ts";

const AGENTS: readonly [string, string][] = [
  ["Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0", "Firefox on Linux"],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0",
    "Edge on Windows",
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15",
    "Safari on macOS",
  ],
  ["Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36", "Chrome on Android"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605 CriOS/141.0 Safari/605", "Chrome on iOS"],
  ["python-httpx/0.28.1", "python-httpx/0.28.1"],
  ["", "Unknown program"],
];

test.each(AGENTS)("%s", (agent, name) => {
  expect(deviceName(agent)).toBe(name);
});

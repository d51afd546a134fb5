/** Light or dark: the system decides, unless the user of this browser did. */

import { browserStorage } from "../session/safeStorage.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "twotrack.theme";

export function currentTheme(): Theme {
  const stored = browserStorage.get(KEY);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function setTheme(theme: Theme): void {
  browserStorage.set(KEY, theme === "system" ? null : theme);
  applyTheme();
}

/** All colours are `light-dark()`, which follows `color-scheme`. */
export function applyTheme(): void {
  const theme = currentTheme();
  document.documentElement.style.colorScheme = theme === "system" ? "" : theme;
}

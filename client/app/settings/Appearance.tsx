/** Choice between the colours of the system, light and dark. */

import { useState } from "react";
import { currentTheme, setTheme, THEMES, type Theme } from "./theme.ts";

const LABELS: Record<Theme, string> = { system: "As the system", light: "Light", dark: "Dark" };

export function Appearance() {
  const [theme, setShown] = useState(currentTheme);
  const choose = (chosen: Theme) => {
    setTheme(chosen);
    setShown(chosen);
  };
  return (
    <fieldset>
      <legend>Appearance</legend>
      {THEMES.map((each) => (
        <label key={each}>
          <input type="radio" name="theme" checked={each === theme} onChange={() => choose(each)} />
          {LABELS[each]}
        </label>
      ))}
    </fieldset>
  );
}

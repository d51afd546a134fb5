import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./styles/page.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { fillCache } from "./preload/fillCache.ts";
import { currentSession } from "./session/session.ts";
import { applyTheme } from "./settings/theme.ts";

applyTheme();

void fillCache(currentSession().client).then(() =>
  createRoot(document.getElementById("root") as HTMLElement).render(
    <StrictMode>
      <App />
    </StrictMode>,
  ),
);

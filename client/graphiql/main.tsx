import "graphiql/style.css";
import "./page.css";
import { GraphiQL } from "graphiql";
import { StrictMode, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { blank, examples } from "./examples.ts";
import { createFetcher } from "./fetcher.ts";
import { Memory } from "./memory.ts";

const memory = new Memory(sessionStorage);
const fetcher = createFetcher(new URL("/graphql", location.href), memory);
const tabs = examples();

// GraphiQL reads the first tab's variables from its storage, not from `defaultTabs`.
if (localStorage.getItem("graphiql:tabState") === null) {
  localStorage.setItem("graphiql:variables", tabs[0]?.variables ?? "");
}

function SignedIn() {
  const token = useSyncExternalStore(memory.subscribe, memory.token);
  return (
    <div className="signed-in" role="status">
      {token === undefined ? (
        "Signed out. Run the first tab, or set an Authorization header."
      ) : (
        <>
          Signed in. The token is sent with every operation.
          <button type="button" onClick={memory.signOut}>
            Sign out
          </button>
        </>
      )}
    </div>
  );
}

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <GraphiQL fetcher={fetcher} defaultTabs={tabs} defaultQuery={blank} defaultEditorToolsVisibility="variables">
      <GraphiQL.Logo>
        <a href="/" className="logo" title="Open the chat page">
          Twotrack
        </a>
      </GraphiQL.Logo>
      <GraphiQL.Footer>
        <SignedIn />
      </GraphiQL.Footer>
    </GraphiQL>
  </StrictMode>,
);

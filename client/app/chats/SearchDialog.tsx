/** Dialog that finds messages by their words, in all chats. Opened by a button, and by Ctrl+K or Command+K. */

import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { Dialog } from "../ui/Dialog.tsx";
import { formatDate, formatDateTime } from "../ui/dates.ts";
import { Icon } from "../ui/Icon.tsx";
import { isComposing } from "../ui/keyboard.ts";
import { openMessage } from "../ui/router.ts";
import { type Found, type Search, useSearch } from "./useSearch.ts";

const MAX_QUERY_CHARACTERS = 200;

export function SearchDialog({ onClose }: { onClose: () => void }) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const search = useSearch(query);
  const { found } = search;
  const optionId = (index: number) => `${id}-${index}`;

  useEffect(() => field.current?.focus(), []); // the dialog has focused its first button
  useEffect(() => document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" }), [id, active]);

  const open = ({ node }: Found) => {
    onClose();
    openMessage(node.chat.id, node.id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event) || found.length === 0) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chosen = found[active];
    if (step) setActive((active + step + found.length) % found.length);
    else if (event.key === "Enter" && chosen) open(chosen);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog title="Search messages" onClose={onClose}>
      <div className="search-dialog">
        <label>
          <span className="hidden">Words to find</span>
          <Icon name="search" />
          <input
            ref={field}
            role="combobox"
            aria-expanded={found.length > 0}
            aria-controls={id}
            aria-autocomplete="list"
            aria-activedescendant={found.length > 0 ? optionId(active) : undefined}
            aria-describedby={`${id}-status`}
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setActive(0);
            }}
            onKeyDown={onKeyDown}
            maxLength={MAX_QUERY_CHARACTERS}
            placeholder="Words in any message"
            autoComplete="off"
            enterKeyHint="search"
            dir="auto"
          />
        </label>
        <Status id={`${id}-status`} search={search} />
        <div id={id} role="listbox" aria-label="Messages" hidden={found.length === 0}>
          {found.map((edge, index) => (
            <Option
              key={edge.node.id}
              id={optionId(index)}
              edge={edge}
              isActive={index === active}
              onOpen={() => open(edge)}
              onPoint={() => setActive(index)}
            />
          ))}
        </div>
        {search.hasMore && (
          <button type="button" className="link" onClick={() => search.loadMore()} disabled={search.isSearching}>
            Show more
          </button>
        )}
      </div>
    </Dialog>
  );
}

function Status({ id, search }: { id: string; search: Search }) {
  const { query, found, hasMore, isSearching, error, retry } = search;
  if (error)
    return (
      <p id={id} className="error" role="alert">
        {error}{" "}
        <button type="button" className="link" onClick={retry}>
          Try again
        </button>
      </p>
    );
  const count = `${found.length}${hasMore ? "+" : ""} ${found.length === 1 ? "message" : "messages"}`;
  return (
    <p id={id} className="aside" role="status" dir="auto">
      {query === "" && "Finds messages that contain all the words, or words that begin with them."}
      {query !== "" && isSearching && "Searching…"}
      {query !== "" && !isSearching && (found.length === 0 ? `No message contains “${query}”.` : count)}
    </p>
  );
}

interface OptionProps {
  readonly id: string;
  readonly edge: Found;
  readonly isActive: boolean;
  readonly onOpen: () => void;
  readonly onPoint: () => void;
}

function Option({ id, edge: { node, excerpt }, isActive, onOpen, onPoint }: OptionProps) {
  const author = node.author?.name ?? (node.role === "ASSISTANT" ? "Assistant" : "Unknown user");
  let offset = 0;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field, which names the active option
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are pressed in the field
    <div id={id} role="option" aria-selected={isActive} onClick={onOpen} onPointerMove={onPoint}>
      <strong dir="auto">{node.chat.title || "New chat"}</strong>
      <span className="excerpt" dir="auto">
        {excerpt.map(({ text, matches }) => {
          const key = offset;
          offset += text.length;
          return matches ? <mark key={key}>{text}</mark> : <span key={key}>{text}</span>;
        })}
      </span>
      <small>
        {author},{" "}
        <time dateTime={node.createdAt} title={formatDateTime(node.createdAt)}>
          {formatDate(node.createdAt)}
        </time>
      </small>
    </div>
  );
}

/** Finds messages while the user writes. An answer to an earlier query is dropped. */

import { useCallback, useEffect, useState } from "react";
import { SearchDocument, type SearchQuery } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { errorMessage } from "../ui/errors.ts";

const PAGE_SIZE = 20;
const PAUSE_MS = 200; // while the user writes

type Connection = NonNullable<SearchQuery["viewer"]>["search"];

export type Found = Connection["edges"][number];

export interface Search {
  /** The words that were searched for, or are now. */
  readonly query: string;
  readonly found: readonly Found[];
  readonly hasMore: boolean;
  readonly isSearching: boolean;
  readonly error: string | undefined;
  readonly loadMore: () => void;
  readonly retry: () => void;
}

interface State {
  readonly query: string;
  readonly edges: readonly Found[];
  readonly end?: string | undefined;
  readonly isSearching: boolean;
  readonly error?: string;
}

const NOTHING: State = { query: "", edges: [], isSearching: false };

export function useSearch(written: string): Search {
  const { client } = useSession();
  const query = written.trim();
  const [state, setState] = useState(NOTHING);

  const load = useCallback(
    async (query: string, after?: string) => {
      const update = (change: (before: State) => Partial<State>) =>
        setState((before) => (before.query === query ? { ...before, ...change(before) } : before));
      update(() => ({ isSearching: true }));
      try {
        const variables = { query, first: PAGE_SIZE, after: after ?? null };
        const { data } = await client.query({ query: SearchDocument, variables, fetchPolicy: "no-cache" });
        const page = data?.viewer?.search;
        const end = (page?.pageInfo.hasNextPage && page.pageInfo.endCursor) || undefined;
        update(({ edges }) => ({
          edges: [...(after ? edges : []), ...(page?.edges ?? [])],
          end,
          isSearching: false,
        }));
      } catch (error) {
        update(() => ({ isSearching: false, error: errorMessage(error) }));
      }
    },
    [client],
  );

  useEffect(() => {
    // What was found stays until the next answer, so that the list does not flash.
    setState(({ edges }) => (query === "" ? NOTHING : { query, edges, isSearching: true }));
    if (query === "") return;
    const timer = setTimeout(() => void load(query), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [query, load]);

  const { edges, end, isSearching, error } = state;
  return {
    query: state.query,
    found: edges,
    hasMore: end !== undefined,
    isSearching,
    error,
    loadMore: () => void load(state.query, end),
    retry: () => {
      setState(({ query, edges }) => ({ query, edges, isSearching: true }));
      void load(state.query);
    },
  };
}

/**
 * A sequence that only its end adds to: blocks, items, rows. React looks anew at each child of what has changed, so they
 * are handed to it in groups, all but the last of which an update leaves alone.
 */

import { type ComponentType, memo } from "react";

const GROUP = 16; // at some 250 items, a long reply, as many groups as items in each

interface Member<Item, Shared> {
  readonly item: Item;
  /** Whether it may still change. */
  readonly isOpen: boolean;
  readonly shared: Shared;
}

export type Each<Item, Shared = undefined> = ComponentType<Member<Item, Shared>>;

interface Props<Item, Shared> {
  readonly items: readonly Item[];
  readonly openFrom: number;
  /** What all of them depend on. */
  readonly shared: Shared;
  readonly each: Each<Item, Shared>;
}

export function Growing<Item, Shared>({ items, openFrom, shared, each }: Props<Item, Shared>) {
  return Array.from({ length: Math.ceil(items.length / GROUP) }, (_, group) => {
    const start = group * GROUP;
    return (
      <Group
        // biome-ignore lint/suspicious/noArrayIndexKey: items are only ever added behind
        key={group}
        items={items.slice(start, start + GROUP)}
        openFrom={Math.min(Math.max(openFrom - start, 0), GROUP)}
        shared={shared}
        each={each as Each<unknown, unknown>}
      />
    );
  });
}

const Group = memo(
  ({ items, openFrom, shared, each: Each }: Props<unknown, unknown>) =>
    items.map((item, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a place is an identity: see above
      <Each key={index} item={item} isOpen={index >= openFrom} shared={shared} />
    )),
  (before, after) =>
    before.openFrom === after.openFrom &&
    before.shared === after.shared &&
    before.items.length === after.items.length &&
    before.items.every((item, index) => item === after.items[index]),
);

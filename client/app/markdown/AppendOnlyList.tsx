/**
 * A list that grows only at its end: blocks, list items, table rows. The items are rendered in memoized groups, because
 * React compares all children of a changed element. An update compares the groups and renders only the last one.
 */

import { type ComponentType, memo } from "react";

const GROUP_SIZE = 16; // a long reply has some 250 items, which makes as many groups as items in a group

interface ItemProps<Item, Shared> {
  readonly item: Item;
  /** True if the item may still change. */
  readonly isOpen: boolean;
  readonly shared: Shared;
}

export type ItemComponent<Item, Shared = undefined> = ComponentType<ItemProps<Item, Shared>>;

interface Props<Item, Shared> {
  readonly items: readonly Item[];
  /** Index of the first item that may still change. */
  readonly openFrom: number;
  /** Passed to each item. A change renders all of them. */
  readonly shared: Shared;
  readonly component: ItemComponent<Item, Shared>;
}

export function AppendOnlyList<Item, Shared>({ items, openFrom, shared, component }: Props<Item, Shared>) {
  return Array.from({ length: Math.ceil(items.length / GROUP_SIZE) }, (_, group) => {
    const start = group * GROUP_SIZE;
    return (
      <Group
        // biome-ignore lint/suspicious/noArrayIndexKey: items are only appended
        key={group}
        items={items.slice(start, start + GROUP_SIZE)}
        openFrom={Math.min(Math.max(openFrom - start, 0), GROUP_SIZE)}
        shared={shared}
        component={component as ItemComponent<unknown, unknown>}
      />
    );
  });
}

const Group = memo(
  ({ items, openFrom, shared, component: Component }: Props<unknown, unknown>) =>
    items.map((item, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: items are only appended
      <Component key={index} item={item} isOpen={index >= openFrom} shared={shared} />
    )),
  (before, after) =>
    before.openFrom === after.openFrom &&
    before.shared === after.shared &&
    before.items.length === after.items.length &&
    before.items.every((item, index) => item === after.items[index]),
);

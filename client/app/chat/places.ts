/** Where the user was reading, for each entry of the browser's history. Survives a reload of this tab. */

import { tabStorage } from "../session/safeStorage.ts";

/** A message, and the distance of its top from the top of the view. */
export interface Place {
  readonly messageId: string;
  readonly top: number;
}

const KEY = "twotrack.places";
const MAX_PLACES = 50;

export function placeOf(entry: string): Place | undefined {
  return read().find(([key]) => key === entry)?.[1];
}

/** Undefined: at the newest message. */
export function keepPlace(entry: string, place: Place | undefined): void {
  const others = read().filter(([key]) => key !== entry);
  const places = place === undefined ? others : [...others, [entry, place]];
  tabStorage.set(KEY, JSON.stringify(places.slice(-MAX_PLACES)));
}

function read(): [string, Place][] {
  try {
    return JSON.parse(tabStorage.get(KEY) ?? "[]");
  } catch {
    return [];
  }
}

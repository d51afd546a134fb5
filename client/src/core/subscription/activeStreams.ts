/** The live streams of one definition in one client, shared by everything that shows their objects. */

import type { LatestVersions } from "./latestVersions.ts";
import type { StreamedObject, StreamFailure } from "./revisions.ts";
import type { SharedSubscriptions } from "./sharedSubscriptions.ts";

export interface ActiveStreams {
  readonly versions: LatestVersions<StreamedObject>;
  /** Frames go to `versions`. The event here is the error with which the server refused the stream. */
  readonly subscriptions: SharedSubscriptions<StreamFailure>;
}

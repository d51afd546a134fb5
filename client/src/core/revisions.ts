/** The one number that orders everything: of two versions of a message, the greater revision is the newer text. */

export interface Revised {
  readonly id: string;
  readonly revision: number;
}

/** A message that can be followed. */
export interface Followable extends Revised {
  readonly streaming: boolean;
}

/** What is known of a message that is followed: its own fields, as it types them, and what else the stream brings. */
export type Followed<Message, Live> = Message & Partial<Omit<Live, keyof Message>>;

/** Equal revisions count as news: a later answer with the same revision may carry more fields. */
export function isNews(candidate: Revised, known: Revised): boolean {
  return candidate.id !== known.id || candidate.revision >= known.revision;
}

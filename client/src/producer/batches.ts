/** Text that was appended and has not been sent. */

// In JSON each character may take six bytes, and a request may have a million.
const BATCH_CHARACTERS = 100_000;

export interface Batch {
  content?: string;
  reasoning?: string;
  activity?: string;
}

type Field = "content" | "reasoning";

export class Batches {
  activity: string | undefined;
  #pieces: { field: Field; text: string }[] = [];
  /** The first halves of characters whose second halves may still come. */
  #halves: Partial<Record<Field, string>> = {};

  get isEmpty(): boolean {
    return this.#pieces.length === 0 && this.activity === undefined;
  }

  add(field: Field, added: string): void {
    let text = (this.#halves[field] ?? "") + added;
    delete this.#halves[field];
    if (isHighSurrogate(text, text.length - 1)) {
      this.#halves[field] = text.slice(-1);
      text = text.slice(0, -1);
    }
    const last = this.#pieces.at(-1);
    if (last?.field === field && last.text.length < BATCH_CHARACTERS) last.text += text;
    else if (text !== "") this.#pieces.push({ field, text });
  }

  /** Nothing more will be added. */
  end(): void {
    for (const [field, text] of Object.entries(this.#halves)) this.#pieces.push({ field: field as Field, text });
    this.#halves = {};
  }

  /** The next batch. Without anything to send, it renews the lease. */
  take(): Batch {
    const batch: Batch = {};
    for (let room = BATCH_CHARACTERS; room > 1; ) {
      const piece = this.#pieces[0];
      if (piece === undefined) break;
      let end = Math.min(piece.text.length, room);
      if (end < piece.text.length && isHighSurrogate(piece.text, end - 1)) end--;
      batch[piece.field] = (batch[piece.field] ?? "") + piece.text.slice(0, end);
      room -= end;
      piece.text = piece.text.slice(end);
      if (piece.text === "") this.#pieces.shift();
    }
    if (batch.content !== undefined) batch.content = wellFormed(batch.content);
    if (batch.reasoning !== undefined) batch.reasoning = wellFormed(batch.reasoning);
    if (this.activity !== undefined && this.#pieces.length === 0) {
      batch.activity = wellFormed(this.activity);
      this.activity = undefined;
    }
    return batch;
  }
}

function isHighSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xd800 && code <= 0xdbff;
}

/** The text with U+FFFD in place of each half of a character, which the server would refuse. */
export function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

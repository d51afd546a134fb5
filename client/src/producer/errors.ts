/** The errors of a producer. */

export class ProducerError extends Error {
  override readonly name: string = "ProducerError";
}

/** The server did not answer for too long. */
export class Unreachable extends ProducerError {
  override readonly name = "Unreachable";
}

/** The server refuses the operation. `extensions.code` is a machine-readable code, such as FORBIDDEN. */
export class Refused extends ProducerError {
  override readonly name = "Refused";
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(message: string, extensions: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.extensions = extensions;
  }
}

/** A participant stopped or deleted the reply. */
export class Stopped extends ProducerError {
  override readonly name = "Stopped";
}

/** Another producer writes the reply. */
export class TakenOver extends ProducerError {
  override readonly name = "TakenOver";
}

/** The reply was complete, or had failed for good, before this producer started it. */
export class Finished extends ProducerError {
  override readonly name = "Finished";
}

/** The text would exceed the server's limit. The reply has failed, and keeps what was accepted. */
export class TooLong extends ProducerError {
  override readonly name = "TooLong";
}

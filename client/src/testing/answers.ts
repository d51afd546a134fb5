/** Answers queries and mutations with what the test has set. */

/** The data of the operation, or a function of its variables that returns the data or throws an error. */
export type Answer = object | ((variables: Record<string, unknown>) => object | Promise<object>);

export interface SentOperation {
  readonly operationName: string;
  readonly variables: Record<string, unknown>;
}

interface Request {
  operationName?: string | null;
  variables?: Record<string, unknown> | null;
}

export class Answers {
  readonly sent: SentOperation[] = [];
  readonly #answers: Map<string, Answer>;

  constructor(answers: Readonly<Record<string, Answer>> = {}) {
    this.#answers = new Map(Object.entries(answers));
  }

  set(operationName: string, answer: Answer): void {
    this.#answers.set(operationName, answer);
  }

  async respond({ operationName, variables }: Request): Promise<Response> {
    const sent = { operationName: operationName ?? "", variables: variables ?? {} };
    this.sent.push(sent);
    const body = await this.#answer(sent).then((data) => ({ data }), failure);
    return new Response(JSON.stringify(body), { headers: { "content-type": "application/graphql-response+json" } });
  }

  async #answer({ operationName, variables }: SentOperation): Promise<object> {
    const answer = this.#answers.get(operationName);
    if (answer === undefined)
      throw new Error(
        `The test connection has no answer to ${operationName}: set it with answer("${operationName}", …).`,
      );
    return typeof answer === "function" ? answer(variables) : answer;
  }
}

/** A thrown error may have `extensions`, like one of the server. */
function failure(error: Error & { extensions?: Record<string, unknown> }) {
  const { message, extensions = { code: "BAD_USER_INPUT" } } = error;
  return { data: null, errors: [{ message, extensions }] };
}

/** Where the token comes from, and what happens when the server turns it away. */

/**
 * A token, none (`null`: signed out), or a function that is asked before every request and every connect.
 * `refused` is the token that the server has just turned away: the moment to fetch a new one.
 */
export type TokenSource = string | null | ((refused?: string) => string | null | Promise<string | null>);

export class Tokens {
  #refused: string | undefined;
  #renewal: Promise<string | null> | undefined;
  #onSocket: string | null = null;
  readonly #source: TokenSource;

  constructor(source: TokenSource = null) {
    this.#source = source;
  }

  async current(): Promise<string | null> {
    if (this.#renewal) return this.#renewal;
    if (typeof this.#source !== "function") return this.#source;
    let token = (await this.#source()) ?? null; // a storage without it may well say undefined
    if (token !== null && token === this.#refused) token = await this.renew(token);
    return token;
  }

  /** One renewal for all who were refused with the same token at the same time. */
  renew(refused: string): Promise<string | null> {
    if (typeof this.#source !== "function") return Promise.resolve(this.#source);
    const source = this.#source;
    this.#renewal ??= Promise.resolve(source(refused))
      .then((token) => token ?? null)
      .finally(() => {
        this.#renewal = undefined;
      });
    return this.#renewal;
  }

  /** What the socket is opened with. */
  async headers(): Promise<{ authorization: string } | undefined> {
    const token = await this.current();
    this.#onSocket = token;
    return token === null ? undefined : { authorization: `Bearer ${token}` };
  }

  /** The socket was closed with 4403: what it was opened with is no good, though a newer one may be. */
  refuse(): void {
    if (this.#onSocket !== null) this.#refused = this.#onSocket;
  }
}

/** Supplies the token for requests and sockets, and renews it if the server rejects it. */

/**
 * A token, `null` if the viewer is signed out, or a function that is called before every request and every connect.
 * `rejected` is the token that the server has just rejected: the function should return a new one, or `null`.
 */
export type TokenSource = string | null | ((rejected?: string) => string | null | Promise<string | null>);

export class Tokens {
  #rejected: string | undefined;
  #renewal: Promise<string | null> | undefined;
  #socketToken: string | null = null;
  readonly #source: TokenSource;

  constructor(source: TokenSource = null) {
    this.#source = source;
  }

  async current(): Promise<string | null> {
    if (this.#renewal) return this.#renewal;
    if (typeof this.#source !== "function") return this.#source;
    let token = (await this.#source()) ?? null; // a storage without the key may return undefined
    if (token !== null && token === this.#rejected) token = await this.renew(token);
    return token;
  }

  /** Requests that are rejected at the same time share one renewal. */
  renew(rejected: string): Promise<string | null> {
    if (typeof this.#source !== "function") return Promise.resolve(this.#source);
    const source = this.#source;
    this.#renewal ??= Promise.resolve(source(rejected))
      .then((token) => token ?? null)
      .finally(() => {
        this.#renewal = undefined;
      });
    return this.#renewal;
  }

  /** The `connectionParams` for a new socket. */
  async connectionParams(): Promise<{ authorization: string } | undefined> {
    const token = await this.current();
    this.#socketToken = token;
    return token === null ? undefined : { authorization: `Bearer ${token}` };
  }

  /** Call this if the server closed the socket with 4403. Only the socket's own token is bad: a newer one may be good. */
  rejectSocketToken(): void {
    if (this.#socketToken !== null) this.#rejected = this.#socketToken;
  }
}

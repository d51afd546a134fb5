/** Sends the token along; when the server turns it away, asks for a new one and tries once more. */

import { ApolloLink, type Observable, ServerError } from "@apollo/client";
import { catchError, from, mergeMap, of, throwError } from "rxjs";
import type { Tokens } from "../core/tokens.ts";

export function authorized(tokens: Tokens): ApolloLink {
  return new ApolloLink((operation, forward) => {
    const send = (token: string | null): Observable<ApolloLink.Result> => {
      operation.setContext(({ headers }: { headers?: Record<string, string> }) => ({
        headers: token === null ? headers : { ...headers, authorization: `Bearer ${token}` },
      }));
      return forward(operation);
    };

    const sendAnew = (refused: string, otherwise: () => Observable<ApolloLink.Result>) =>
      from(tokens.renew(refused)).pipe(
        mergeMap((token) => (token === null || token === refused ? otherwise() : send(token))),
      );

    return from(tokens.current()).pipe(
      mergeMap((token) => {
        if (token === null) return send(token);
        return send(token).pipe(
          mergeMap((result) => (isTurnedAway(result) ? sendAnew(token, () => of(result)) : of(result))),
          catchError((error) => {
            const refusal = ServerError.is(error) && error.statusCode === 401;
            return refusal ? sendAnew(token, () => throwError(() => error)) : throwError(() => error);
          }),
        );
      }),
    );
  });
}

function isTurnedAway({ errors }: ApolloLink.Result): boolean {
  return errors?.some(({ extensions }) => extensions?.code === "UNAUTHENTICATED") ?? false;
}

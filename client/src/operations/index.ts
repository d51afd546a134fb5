/** Typed documents for all fields of Query, Mutation and Subscription, for any GraphQL client. */

export * from "./documents.ts";

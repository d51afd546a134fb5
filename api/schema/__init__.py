"""The GraphQL schema of the chat: types, queries, mutations and subscriptions."""

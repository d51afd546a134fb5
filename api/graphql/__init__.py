"""The GraphQL engine on top of the two tracks. It knows streamed models, and no product."""

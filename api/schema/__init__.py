"""GraphQL: types, what can be asked and changed and followed, and the transports on `/graphql`."""

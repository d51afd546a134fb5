"""GraphQL over HTTP, server-sent events, multipart and WebSocket, and all code that uses private parts of uvicorn."""

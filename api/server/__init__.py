"""The server: the ASGI application, the services of a process, static files, health, metrics and uvicorn."""

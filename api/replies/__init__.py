"""Who writes: a reply is claimed under a lease, its text asked of a model, and written through as it comes.

worker      takes waiting replies from the database, and has them written
model       asks a model, and passes on what it says as it says it
dialogue    what is said, in our words and in pydantic-ai's
named       the model behind a name
failures    what went wrong at the provider, in words for the chat
scripted    a model that needs no key and no network, and fails or falls silent when told to
prose       what that model says
"""

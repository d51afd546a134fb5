"""Alembic's entry point. The connection comes from `migrations.migrate`."""

from alembic import context

from api.base import Base
from api.chats import models

assert models, "the metadata contains only the tables of models that were imported"

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()

"""Backups of an SQLite file, restores, and what the rows of any database need after a restore."""

from api.backup.rows import complete_restore
from api.backup.sqlite import Restored, back_up, restore

__all__ = ["Restored", "back_up", "complete_restore", "restore"]

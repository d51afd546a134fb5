"""The object types of the schema. Each wraps a row, or a snapshot of one."""

"""Notes: a small product on the two tracks. Members share notes whose text is streamed while it is written."""

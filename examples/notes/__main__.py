"""`python -m examples.notes` serves the notes; `make example` builds their page first."""

import os

from api.server.serve import serve
from examples.notes.product import NOTES

if __name__ == "__main__":
    serve(NOTES, port=int(os.environ.get("PORT", "8001")))

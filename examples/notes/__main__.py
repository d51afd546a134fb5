"""`python -m examples.notes` serves the notes; `make example` builds their page first."""

import os

from api.server import serve_product
from examples.notes.product import NOTES

if __name__ == "__main__":
    serve_product(NOTES, port=int(os.environ.get("PORT", "8001")))

"""permessage-deflate negotiated so that one compression serves all sockets; see `encoded_payload`."""

import zlib
from collections.abc import Sequence

from websockets.exceptions import NegotiationError
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame
from websockets.typing import ExtensionParameter


class SharedDeflate(PerMessageDeflate):
    """Decompresses what the client compressed; compresses nothing, since `EncodedPayload` does it for all sockets."""

    def encode(self, frame: Frame) -> Frame:
        return frame


class SharedDeflateFactory(ServerPerMessageDeflateFactory):
    """Accepts an offer with the full window, and asks clients to compress each message by itself.

    Then no decompressor has to be kept for each socket.
    """

    def __init__(self) -> None:
        super().__init__(client_no_context_takeover=True)

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], PerMessageDeflate]:
        answer, agreed = super().process_request_params(params, accepted_extensions)
        if agreed.local_max_window_bits < zlib.MAX_WBITS:
            raise NegotiationError("the window is smaller than 15 bits")
        shared = SharedDeflate.__new__(SharedDeflate)
        shared.__dict__.update(agreed.__dict__)
        shared.__dict__.pop("encoder", None)
        return answer, shared

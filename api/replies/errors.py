"""Errors of a model or its provider. Each ends the reply FAILED, with its code and sentence.

ProducerError
├── ProviderFailed       the provider refused the request, or stopped before the reply was complete
└── ModelTimeout         the provider sent nothing for too long
"""

from api.streaming.errors import ProducerError


class ProviderFailed(ProducerError):
    code = "PROVIDER"


class ModelTimeout(ProducerError):
    code = "TIMEOUT"

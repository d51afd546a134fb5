"""How a reply fails for reasons of its model: each ends the reply FAILED, with its code and sentence.

ProducerError
├── ProviderFailed       the model's provider refused the request or broke off
└── ModelTimeout         the model sent nothing for too long
"""

from api.streaming.errors import ProducerError


class ProviderFailed(ProducerError):
    code = "PROVIDER"


class ModelTimeout(ProducerError):
    code = "TIMEOUT"

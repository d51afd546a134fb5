"""Finds the model that `TWOTRACK_MODEL` names, or says in one sentence why it cannot be used."""

import functools
import inspect
import os
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from pydantic_ai.models import Model, infer_model
from pydantic_ai.profiles import ModelProfile, merge_profile
from pydantic_ai.providers import Provider, infer_provider, infer_provider_class

from api.errors import SettingsError
from api.replies.scripted import Script, ScriptedModel
from api.replies.wire import http_client

OWN_CLIENTS = ("cohere", "github", "groq", "huggingface")
"""Providers whose SDKs take no client of httpx2. Their responses are not cleaned on the way in."""

THINK_CLOSED = "think=closed"

NO_TAGS = ("\0", "\0")
"""Tags that no answer contains."""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model, with the HTTP client to close after it."""

    model: Model[Any]
    http: httpx2.AsyncClient | None = None
    closing_only: bool = False
    """Whether its answers begin inside of `<think>`, because the template of the model contains the opening tag."""


def find_model(name: str) -> FoundModel:
    """The model for `scripted`, `scripted?rate=0&…`, or `provider:model` as in pydantic-ai. Raises SettingsError.

    `provider:model?think=closed` is for servers that send only the closing tag of a model's reasoning.
    """
    base, _, options = name.partition("?")
    if base == "scripted":
        return FoundModel(ScriptedModel(Script.from_options(options)))
    if options not in ("", THINK_CLOSED):
        raise SettingsError(f"TWOTRACK_MODEL: {base} has no option {options!r}. Its only option is {THINK_CLOSED}.")
    provider, _, model = base.partition(":")
    if not model.strip():
        raise SettingsError(
            f"TWOTRACK_MODEL: {base!r} is not a model. Write scripted, or provider:model like openai:gpt-5."
        )
    http = None if provider in OWN_CLIENTS else http_client()
    try:
        # With its own factory, pydantic-ai says which known name an unknown one is similar to.
        factory = functools.partial(_provider, http=http) if _is_known(provider) else infer_provider
        found = infer_model(_with_api(provider, model), factory)
    except SettingsError:
        raise
    except ImportError as error:
        raise SettingsError(f"TWOTRACK_MODEL: {base} needs a missing package. {_remedy(error)}") from error
    except Exception as error:  # each provider's SDK has its own error for a missing key
        raise SettingsError(f"TWOTRACK_MODEL: {base} cannot be used. {_remedy(error)}") from error
    return FoundModel(_with_raw_texts(found), http, closing_only=options == THINK_CLOSED)


def _is_known(provider: str) -> bool:
    try:
        infer_provider_class(provider)
    except ValueError:
        return False
    return True


def _provider(name: str, http: httpx2.AsyncClient | None) -> Provider[Any]:
    """The provider, with this HTTP client if it takes one."""
    if name.startswith("gateway/") or http is None:
        return infer_provider(name)
    kind = infer_provider_class(name)
    takes_client = "http_client" in inspect.signature(kind).parameters
    return kind(http_client=http) if takes_client else kind()  # type: ignore[call-arg]


def _with_api(provider: str, model: str) -> str:
    """The model's name with the API to use. With a base URL other than OpenAI's, `openai:` means chat completions.

    Ollama, vLLM and OpenRouter have that API. pydantic-ai would choose the Responses API, which only OpenAI has;
    `openai-responses:` chooses it explicitly.
    """
    base_url = urlsplit(os.environ.get("OPENAI_BASE_URL", ""))
    if provider.startswith("openai") and base_url.geturl() and base_url.scheme not in ("http", "https"):
        raise SettingsError(f"OPENAI_BASE_URL: {base_url.geturl()!r} must begin with http:// or https://.")
    elsewhere = not f".{base_url.hostname or 'api.openai.com'}".endswith(".openai.com")
    return f"openai-chat:{model}" if provider == "openai" and elsewhere else f"{provider}:{model}"


def _with_raw_texts(model: Model[Any]) -> Model[Any]:
    """The model, whose texts arrive as they were sent.

    pydantic-ai would recognise `<think>` only if it arrives alone, and leave out white space at the start.
    """
    model.profile = merge_profile(
        model.profile, ModelProfile(thinking_tags=NO_TAGS, ignore_streamed_leading_whitespace=False)
    )
    return model


def _remedy(error: Exception) -> str:
    """What an operator can do, extracted from an error message that is written for programmers."""
    words = " ".join(str(error).split())
    if package := re.search(r'pip install "?([\w.-]+(?:\[[\w,-]+\])?)', words):
        return f'Run: pip install "{package[1]}"'
    if variable := re.search(r"`([A-Z][A-Z0-9_]*_[A-Z0-9_]+)`", words):
        return f"Set {variable[1]} in the environment."
    return words

"""Finds the model that `TWOTRACK_MODEL` names, or says in one sentence why it cannot be used."""

import os
import re
from typing import Any
from urllib.parse import urlsplit

from pydantic_ai.models import Model, infer_model
from pydantic_ai.profiles import merge_profile
from pydantic_ai.profiles.openai import OpenAIModelProfile

from api.errors import SettingsError
from api.replies.scripted import Script, ScriptedModel


def model_named(name: str) -> Model[Any]:
    """The model for `scripted`, `scripted?rate=0&…`, or `provider:model` as in pydantic-ai. Raises SettingsError."""
    base, _, options = name.partition("?")
    if base == "scripted":
        return ScriptedModel(Script.from_options(options))
    if options:
        raise SettingsError(f"TWOTRACK_MODEL: only scripted has options. Write {base} without ?{options}.")
    provider, _, model = base.partition(":")
    if not model.strip():
        raise SettingsError(
            f"TWOTRACK_MODEL: {name!r} is not a model. Write scripted, or provider:model like openai:gpt-5."
        )
    try:
        return _requiring_finish_reason(infer_model(_with_api(provider, model)))
    except SettingsError:
        raise
    except ImportError as error:
        raise SettingsError(f"TWOTRACK_MODEL: {name} needs a missing package. {_remedy(error)}") from error
    except Exception as error:  # each provider's SDK has its own error for a missing key
        raise SettingsError(f"TWOTRACK_MODEL: {name} cannot be used. {_remedy(error)}") from error


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


def _requiring_finish_reason(model: Model[Any]) -> Model[Any]:
    """The model, which fails if a stream ends without a finish reason.

    A proxy that loses its upstream ends the stream regularly, and pydantic-ai would report that as "stop".
    """
    strict = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
    model.profile = merge_profile(model.profile, strict)
    return model


def _remedy(error: Exception) -> str:
    """What an operator can do, extracted from an error message that is written for programmers."""
    words = " ".join(str(error).split())
    if package := re.search(r'pip install "?([\w.-]+(?:\[[\w,-]+\])?)', words):
        return f'Run: pip install "{package[1]}"'
    if variable := re.search(r"`([A-Z][A-Z0-9_]*_[A-Z0-9_]+)`", words):
        return f"Set {variable[1]} in the environment."
    return words

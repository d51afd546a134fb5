"""Finds the model behind a name, and says in one sentence why there is none."""

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
    """`scripted`, `scripted?rate=0&…`, or `provider:model` as pydantic-ai spells it."""
    base, _, options = name.partition("?")
    if base == "scripted":
        return ScriptedModel(Script.from_options(options))
    if options:
        raise SettingsError(f"TWOTRACK_MODEL: only scripted takes options; write {base} without ?{options}.")
    provider, _, model = base.partition(":")
    if not model.strip():
        raise SettingsError(
            f"TWOTRACK_MODEL: {name!r} is no model. Write scripted, or provider:model as in openai:gpt-5."
        )
    try:
        return _held_to_a_reason(infer_model(_as_spoken(provider, model)))
    except SettingsError:
        raise
    except ImportError as error:
        raise SettingsError(f"TWOTRACK_MODEL: {name} needs a package that is missing. {_remedy(error)}") from error
    except Exception as error:  # each provider's SDK has its own way to say that it lacks a key
        raise SettingsError(f"TWOTRACK_MODEL: {name} cannot be used. {_remedy(error)}") from error


def _as_spoken(provider: str, model: str) -> str:
    """At a base URL of one's own, `openai:` means the chat completions that Ollama, vLLM and OpenRouter speak.

    pydantic-ai takes it for the Responses API, which is OpenAI's; `openai-responses:` asks for that anywhere.
    """
    base_url = urlsplit(os.environ.get("OPENAI_BASE_URL", ""))
    if provider.startswith("openai") and base_url.geturl() and base_url.scheme not in ("http", "https"):
        raise SettingsError(f"OPENAI_BASE_URL: {base_url.geturl()!r} must begin with http:// or https://.")
    elsewhere = not f".{base_url.hostname or 'api.openai.com'}".endswith(".openai.com")
    return f"openai-chat:{model}" if provider == "openai" and elsewhere else f"{provider}:{model}"


def _held_to_a_reason(model: Model[Any]) -> Model[Any]:
    """A proxy that loses its upstream ends the stream politely, and pydantic-ai would make that a "stop"."""
    strict = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
    model.profile = merge_profile(model.profile, strict)
    return model


def _remedy(error: Exception) -> str:
    """What an operator can do, out of messages that are written for a programmer."""
    words = " ".join(str(error).split())
    if package := re.search(r'pip install "?([\w.-]+(?:\[[\w,-]+\])?)', words):
        return f'Run: pip install "{package[1]}"'
    if variable := re.search(r"`([A-Z][A-Z0-9_]*_[A-Z0-9_]+)`", words):
        return f"Set {variable[1]} in the environment."
    return words

"""Produces the text of replies. A worker of the streaming package claims a reply and calls the producer.

producer       reads the history of the chat, asks the model, and appends its text to the draft
prompt         converts the history into a prompt that every provider accepts
reply_model    asks a model for a reply, with retries and an idle timeout
response       converts a response into events: text, reasoning, and the end
tags           separates reasoning in `<think>` from text
endings        how a reply ended, in one vocabulary
wire           reads a response before the provider's SDK does, and ends it when the protocol ends it
dialects       what the events of OpenAI, Anthropic and Gemini mean, without what the SDKs fail on
completions    converts an answer that is no stream into events
sse            parses server-sent events
metadata       cleans counts, names and reasons
idle_timeout   ends a reply whose provider is silent for too long
failures       a provider's failure as a sentence for the chat
errors         the errors that end a reply FAILED
providers      finds the model that `TWOTRACK_MODEL` names
scripted       a model without key and network, which can fail or fall silent on purpose
prose          the text that the scripted model writes
"""

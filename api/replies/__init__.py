"""Produces the text of replies. A worker of the streaming package claims a reply and calls the producer.

producer       reads the history of the chat, asks the model, and appends its text to the draft
reply_model    asks a model for a reply, with retries and an idle timeout
prompt         converts the history into pydantic-ai's messages, and a response into events
idle_timeout   ends a reply whose provider is silent for too long
failures       a provider's failure as a sentence for the chat
errors         the errors that end a reply FAILED
providers      finds the model that `TWOTRACK_MODEL` names
scripted       a model without key and network, which can fail or fall silent on purpose
prose          the text that the scripted model writes
"""

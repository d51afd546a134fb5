"""The mechanism of both tracks. It knows no chat and no message: whatever model declares a track is carried."""

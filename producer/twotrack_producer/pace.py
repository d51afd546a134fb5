"""When batches are sent: shortly before the server's next update, whose time is learned from the answers."""

LEAD_SECONDS = 0.1
"""How long before the server's next update a batch is sent. Text that comes later than that waits for the update after
it, so an early batch would delay the text behind it."""

LONGEST_PAUSE_SECONDS = 2.0
"""A server updates even the longest text this often."""


class Pace:
    """The pause after each answer, in seconds."""

    def __init__(self) -> None:
        self.pause = 0.0

    def answered(self, waited: float) -> None:
        """Learn from a batch of text that was answered after so many seconds.

        A batch that came late was answered at once, and shows nothing but that: so the pause is halved. A batch may
        also wait because the server is busy: so the pause grows by half of what seems to be missing.
        """
        if waited < LEAD_SECONDS:
            self.pause /= 2
        else:
            self.pause = min(self.pause + (waited - LEAD_SECONDS) / 2, LONGEST_PAUSE_SECONDS)

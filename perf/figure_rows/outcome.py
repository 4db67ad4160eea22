"""What measuring a figure came to, and why it may come to nothing."""


class Skip(Exception):
    """This machine cannot measure it; the text says why."""


class Miss(Exception):
    """It could be measured but did not come to a value (a peer did not start, too few rounds, a wrong result): a failure."""

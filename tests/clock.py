"""Seconds of the processor, told in those of the machine for which the limits were set."""

import time

USUAL = 0.13  # seconds in which that machine adds up two million numbers


def allowed(seconds: float) -> float:
    """Return so many seconds of that machine in seconds of this one, where this one is slower now."""
    taken = []
    for _ in range(3):
        start, total = time.process_time(), 0
        for number in range(2_000_000):
            total += number
        taken.append(time.process_time() - start)
    return seconds * max(1.0, min(taken) / USUAL)

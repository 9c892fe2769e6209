"""The engine as papermill finds it by its name."""

from __future__ import annotations


class _Asked:
    """The engine, imported when papermill asks something of it.

    Papermill loads what is registered with it while it is itself half imported, and the engine builds on papermill.
    """

    def __getattr__(self, name: str) -> object:
        from qb.publish.engine import ForkEngine

        return getattr(ForkEngine, name)


ENGINE = _Asked()

"""The point-in-time engine: generic kernels over the book, read at the moments of keys."""

from features.engine.moment import Keys, Moment

__all__ = ["Keys", "Moment"]

"""The point-in-time engine: generic kernels over the book, read at the moments of keys."""

from features.engine.keys import Keys
from features.engine.moment import Moment

__all__ = ["Keys", "Moment"]

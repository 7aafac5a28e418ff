"""Typed settings, the YAML files they are read from, and the layout of a payment-risk home."""

from configs.home import Home
from configs.settings import Settings, load_settings

__all__ = ["Home", "Settings", "load_settings"]

"""Settings: a config file, the environment and flags, as one frozen value or one named error.

Precedence: flag, then environment, then file; what none of them says is discovered or has its
default. Nothing is read here: the command line hands in what it was given.
"""

from agent.settings.load import Loaded, Said, load
from agent.settings.options import CONFIG, INLINE, OPTIONS, Option
from agent.settings.schema import BootstrapSettings, Notify, Output, Settings
from agent.settings.short import PREFIX, SettingsError, pair
from agent.settings.yaml_text import YamlError, read_yaml

__all__ = [
    "CONFIG",
    "INLINE",
    "OPTIONS",
    "PREFIX",
    "BootstrapSettings",
    "Loaded",
    "Notify",
    "Option",
    "Output",
    "Said",
    "Settings",
    "SettingsError",
    "YamlError",
    "load",
    "pair",
    "read_yaml",
]

"""Settings: a config file, the environment and flags, as one frozen value or one named error.

Precedence: flag, then environment, then file; what none of them says is discovered or has its
default. Nothing is read here: the command line hands in what it was given.
"""

from agent.settings.load import Loaded, Said, SettingsError, load, pair
from agent.settings.options import CONFIG, OPTIONS, PREFIX, Option
from agent.settings.schema import BootstrapSettings, Output, Settings
from agent.settings.yaml_text import YamlError, read_yaml

__all__ = [
    "CONFIG",
    "OPTIONS",
    "PREFIX",
    "BootstrapSettings",
    "Loaded",
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

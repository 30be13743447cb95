"""YAML that a person wrote, read strictly: a key that is there twice is an error."""

from collections.abc import Hashable
from typing import Any

import yaml


class YamlError(ValueError):
    """A text that can't be read; the phrase says where and why."""


class _Loader(yaml.SafeLoader):
    """Safe, and strict about doubled keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise YamlError(f"line {key.start_mark.line + 1}: {key.value} is there twice")
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _as_text(_: _Loader, node: yaml.Node) -> str:
    return str(node.value)


# YAML 1.1 has a meaning for a plain `=`, and Helm writes the text so.
_Loader.add_constructor("tag:yaml.org,2002:value", _as_text)


def read_yaml(text: str) -> Any:
    """What `text` holds. Raises YamlError."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506  # it is a SafeLoader
    except YamlError:
        raise
    except yaml.MarkedYAMLError as wrong:
        line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
        raise YamlError(f"line {line} is not YAML: {wrong.problem}") from None
    except (yaml.YAMLError, ValueError) as wrong:  # ValueError: a date such as 2024-13-45
        raise YamlError("it is not YAML: " + " ".join(str(wrong).split())) from None
    except RecursionError:
        raise YamlError("it is nested too deep") from None

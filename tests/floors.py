"""Print the lowest version of every dependency that pyproject.toml admits, for what the tests need: `name==version`."""

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def floors(extras: tuple[str, ...] = ("test", "onnx", "tiff", "weights")) -> list[str]:
    """List them; a dependency without a lowest version is an error."""
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    found = []
    for text in wanted:
        name, _, limits = text.partition(">=")
        version = re.match(r"[0-9.]+", limits)
        if version is None:
            raise ValueError(f"{text}: has no lowest version")
        found.append(f"{name}=={version[0]}")
    return found


if __name__ == "__main__":
    print("\n".join(floors()))

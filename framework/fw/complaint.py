"""What pip or uv complained of, over many lines, as one sentence that says what to do."""

from __future__ import annotations

import re

from fw.registry import BUNDLED, canonical

OWN_ENVIRONMENT = "make an environment of your own with python -m venv .venv, and install fw there"
REASONS = (
    (r"externally-managed-environment|externally managed", f"this Python belongs to the system: {OWN_ENVIRONMENT}"),
    (
        r"Read-only file system|Permission denied",
        f"the folder of installed packages cannot be written: {OWN_ENVIRONMENT}",
    ),
    (
        r"NewConnectionError|NameResolutionError|name resolution|ConnectTimeout|[Cc]onnection (refused|broken|error)"
        r"|error sending request|dns error|Network is unreachable",
        "the package index cannot be reached: check the network, or give a wheel's path",
    ),
    (r"Requires-Python|requires a different Python|requires-python", "no version of it supports this Python"),
    (r"not a supported wheel|no wheels with a matching", "it is made for another platform, or another Python"),
    (
        r"Wheel '.*' located at .* is invalid|invalid wheel filename|Failed to read .*\.whl|not a zip|BadZipFile",
        "the file is no whole wheel: fetch or build it again",
    ),
    (r"(?i)neither 'setup\.py' nor 'pyproject\.toml'|does not appear to be a Python project", "no project is in it"),
    (r"(?i)invalid requirement|failed to parse", "that is no name of a distribution, no file and no address"),
)


def reason(complaint: str, told: str = "") -> str:
    """What pip or uv complained of on stderr, in one sentence; `told` is what it said on stdout."""
    for pattern, sentence in REASONS:
        if re.search(pattern, complaint):
            return sentence
    return _conflict(complaint, told) or _missing(complaint) or _unbuilt(complaint) or _first_error(complaint)


def _conflict(complaint: str, told: str) -> str | None:
    """It needs other versions than fw does: `fw-x 1.0 needs …, and this is fw 0.1.0`."""
    if "ResolutionImpossible" in complaint:
        needs = re.search(r"^\s*(\S+ \S+) depends on (\S.*?)\s*$", told, re.MULTILINE)
        limit = re.search(r"\(constraint\) (\S+)", told)
        if needs and limit:
            return _needs_another(needs[1], needs[2], limit[1])
        return "what it needs contradicts itself, or what fw needs"
    if "No solution found" in complaint:
        text = " ".join(re.sub(r"[│╰─▶×]", " ", complaint).split())
        because = re.search(r"Because (.+?),? we can conclude", text)
        needs = re.search(r"(\S+?==\S+|\S+) depends on (\S+?)(,| and)", text)
        limit = re.search(r"you require ([\w.-]+==\S+?),", text)
        if needs and limit and canonical(re.split(r"[<>=!~]", needs[2])[0]) == BUNDLED:
            return _needs_another(needs[1].replace("==", " "), needs[2], limit[1])
        return because[1] if because else None
    return None


def _needs_another(name: str, needed: str, limit: str) -> str:
    if canonical(re.split(r"[<>=!~\[ ]", needed)[0]) == BUNDLED:
        version = limit.partition("==")[2]
        return (
            f"{name} needs {needed}, and this is fw {version}: pip install --upgrade {BUNDLED}, or take another version"
        )
    return f"{name} needs {needed}, and fw needs {limit}: take another version of it"


def _missing(complaint: str) -> str | None:
    """Nothing of that name, or nothing that fits, itself or among what it needs."""
    found = re.search(r"No matching distribution found for (.+?)(?: \(from (.+?)\))?$", complaint, re.MULTILINE)
    if found is None:
        known = re.search(r"not found in the package registry|no versions of", complaint)
        return "no such distribution was found" if known else None
    # older pips say who wanted it one line before only
    wanted = re.search(r"satisfies the requirement \S.*? \(from (?!versions)(.+?)\) \(from versions", complaint)
    if asking := found[2] or (wanted and wanted[1]):
        return f"{asking} needs {found[1]}, and no such distribution was found"
    if "build dependencies" in complaint:
        return f"building it needs {found[1]}, and no such distribution was found: give a wheel's path"
    return "no such distribution was found"


def _unbuilt(complaint: str) -> str | None:
    if not re.search(r"subprocess-exited-with-error|metadata-generation-failed|Failed to build", complaint):
        return None
    errors = re.findall(r"^\s*(\w*(?:Error|Exception): .+)$", complaint, re.MULTILINE)
    return f"it cannot be built: {errors[-1].strip() if errors else 'pip install says why'}"


def _first_error(complaint: str) -> str:
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    errors = [re.sub(r"^(ERROR|error):\s*", "", line) for line in lines if re.match(r"ERROR|error", line)]
    return (errors or lines[-1:] or ["it did not say why"])[0]

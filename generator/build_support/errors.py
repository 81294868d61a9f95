"""Errors of the build, with advice for the person who ran pip."""

from __future__ import annotations

import re

#: Patterns in the output of the go command, and the advice for each; the first match counts.
_CAUSES = (
    (
        r"no space left on device",
        "The disk is full. The build temporarily needs about 2 GB; free some space and try again.",
    ),
    (
        r"dial tcp|no such host|could not resolve|connection refused|i/o timeout|TLS handshake|"
        r"proxyconnect|\b(403|404|407|410|50[0-9])\b|EOF$",
        "Go modules could not be downloaded. Check the network connection (behind a company proxy: "
        "HTTPS_PROXY, or GOPROXY for a module mirror) and try again.",
    ),
    (
        r"checksum mismatch|SECURITY ERROR|not what was reviewed",
        "A download differs from the one that the maintainers reviewed. Do not work around this: ask "
        "whoever runs the module mirror, or report it to the project.",
    ),
    (
        r"signal: killed|out of memory|cannot allocate memory",
        "The compiler ran out of memory; it needs about 2 GB.",
    ),
)


class BuildError(Exception):
    """A failed build; the text says what failed and what to do."""


def explain(what: str, output: list[str]) -> BuildError:
    """The error for a failed command, with the last lines of its output and advice."""
    text = "\n".join(output)
    advice = next(
        (advice for pattern, advice in _CAUSES if re.search(pattern, text, re.MULTILINE | re.IGNORECASE)),
        "This looks like a defect of kustodian or an unsupported platform; please report the lines above.",
    )
    tail = "\n".join(f"  {line}" for line in output[-20:])
    return BuildError(f"{what} failed:\n{tail}\n{advice}")

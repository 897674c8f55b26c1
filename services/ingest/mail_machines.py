"""Which user agents open and click mails without anybody reading them."""

from __future__ import annotations

import re

# Apple's privacy protection fetches every picture when the mail arrives, under this name alone;
# the others are gateways and previews that look at links before a person does.
_MACHINE = re.compile(
    r"^Mozilla/5\.0$|barracuda|proofpoint|mimecast|ironport|messagelabs|fireeye|trendmicro"
    r"|forcepoint|fortimail|safelinks|zscaler|sophos|symantec|bingpreview"
    r"|microsoft office protocol discovery",
    re.IGNORECASE,
)


def is_machine(agent: str | None) -> bool:
    """Whether the user agent of an open or click is a privacy proxy's or a scanner's."""
    return agent is not None and _MACHINE.search(agent.strip()) is not None

"""The counts of requests as the API describes them, with one meaning in every response that has them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Requests = Annotated[
    int, Field(description="Requests that were tried and ended: those sent, and those that found no connection.")
]
AllRequests = Annotated[
    int,
    Field(
        description="All requests of the run that were tried and ended, those of setup and teardown too: those sent, "
        "and those that found no connection."
    ),
]
Sent = Annotated[
    int, Field(description="Requests that left for the target and ended, with a reply or without; its log has them.")
]
Answered = Annotated[int, Field(description="Requests that got a whole reply, whatever it says.")]
Failed = Annotated[
    int,
    Field(
        description="Requests that failed: no connection, no whole reply, or a reply that a check or an extractor "
        "refused."
    ),
]
Unsent = Annotated[
    int,
    Field(description="Requests that were never tried, for want of a variable; they are in no other count."),
]
CutOff = Annotated[
    int,
    Field(
        description="Requests in flight that were given up because the run or their user ended: neither requests nor "
        "errors, though the target's log may have them."
    ),
]
Dropped = Annotated[int, Field(description="Planned arrivals that never began, for want of a free user or of data.")]
Late = Annotated[int, Field(description="Planned arrivals that had to wait for a free user or for data.")]

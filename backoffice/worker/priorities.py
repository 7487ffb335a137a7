"""Which job a free slot takes first: the one with the highest number, and among equals the one asked for first.

What comes before payments is short or one at a time, so that it cannot keep them from going; only look-ups may be many.
Nothing is taken out of a slot: where a slow partner holds up a send in each of them, the next job, whichever it is,
waits for the first of these to end.
"""

from typing import Final

#: Sweeps, and the handing on of dead workers' jobs: whatever else was lost is found by them.
SWEEPS: Final = 40
#: The mirrors, the late orders and the seals: what went wrong is told from them.
BOOKS: Final = 30
#: Look-ups: nobody knows whether money moved. Many at once are a partner in trouble, to whom more can wait to be sent.
IN_DOUBT: Final = 20
#: One payment, and whatever else somebody asked for: the library's own number for what names none.
PAYMENT: Final = 0
#: Closed days, rung for all at once, each asking the partner: what somebody waits for goes before them.
NIGHTLY: Final = -1
#: Making the operations of a file: others can approve them before thousands of another file are sent.
FILE: Final = -10
#: Sending what the rows of a file ask for: thousands at once, and a single payment goes before them whenever it comes.
ROW_OF_A_FILE: Final = -20

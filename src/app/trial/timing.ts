/** Times of trials in ms, and counts: value, reason. */

/** For one run; those that are expected to come to nothing end by themselves: SYNs at 0, 1 and 3 s, and what follows. */
export const RUN_LIMIT = 12_000;

/** What the other side's answer to a run may take besides the run: measuring, closing, and a path that has to be found anew. */
export const ANSWER_LATE = 15_000;

/** Until the other side says that it runs trials at all. */
export const HEARD_LIMIT = 6_000;

/** From then until the other side takes part: its NATs have to be looked at first. */
export const WELCOME_LIMIT = 25_000;

/** Looking at the own NATs: longer than any router that answers. */
export const NAT_LIMIT = 15_000;

/** Questions after the other side's clock: the quickest answer counts. */
export const CLOCK_SAMPLES = 8;
export const CLOCK_LIMIT = 3_000;

/** For the last words, whatever state the path is in. */
export const FINISH_LIMIT = 4_000;

/** Runs that a side has under way at once at the other one's wish. */
export const MOST_RUNS = 8;

/** Answers that a side has on their way at once: the other one asks for one after the other. */
export const MOST_ANSWERS = 16;

/** Before two meet, for what is known of a NAT to be in the own address: a second where the servers answer. */
export const FIRST_LOOK = 5_000;

/* key/key.h: the job key: a film of a person before a green wall to one stacked mp4, by hand. */
#pragma once

/* Exit code: 0, 1 with a line that says why, 2 wrong usage. */
int key_main(int argc, char **argv);

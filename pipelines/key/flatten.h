/* key/flatten.h: the job flatten: a film of stacked pictures (of the job key, or film.mp4 of a
 * keyed presentation) to an ordinary one, the person before a calm ground. */
#pragma once

int flatten_main(int argc, char **argv);

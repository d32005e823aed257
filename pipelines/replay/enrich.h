/* replay/enrich.h: the job that adds to a replay what could wait: the other speeds and the
 * storyboard. */
#pragma once

/* 0, 1 with a failure told, 2 for wrong usage. */
int enrich_main(int argc, char **argv);

/* compile/compile.h: the job `compile IN --out DIR`: an upload becomes a presentation directory. */
#pragma once

/* `argv[0]` is the name of the job. Exit code: 0 ready, 1 failed, 2 wrong usage. */
int compile_main(int argc, char **argv);

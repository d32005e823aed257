/* replay/assemble.h: the job that turns the recording of a visit into its replay. */
#pragma once

/* 0, 1 with a failure told, 2 for wrong usage. */
int assemble_main(int argc, char **argv);

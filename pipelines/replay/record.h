/* replay/record.h: the job that keeps the packets of a visit. */
#pragma once

/* 0, 1 with a failure told, 2 for wrong usage. */
int record_main(int argc, char **argv);

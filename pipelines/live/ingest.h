/* live/ingest.h: the job `ingest`: a live source becomes RTP on a socket of the server. */
#pragma once

/* `argv[0]` is the name of the job. Exit code: 0 ended, 1 failed, 2 wrong usage. */
int ingest_main(int argc, char **argv);
